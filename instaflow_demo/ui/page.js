// What the page does by itself, without asking the server. Gradio calls these by name from its events.
() => {
  const find = (selector) => document.querySelector(selector);
  const page = {
    // a run is under way, or waits in the queue
    busy: () => Boolean(find("#status .busy") || find("#status [data-testid=status-tracker].translucent:not(.hide)")),
    next: null,
    // Generate, now or as soon as the run that is under way is over
    press: () => {
      if (!page.busy()) return find("#generate").click();
      page.say((page.next = find("#prompt textarea").value));
    },
    over: () => {
      const waiting = page.next !== null;
      page.forget();
      if (waiting) setTimeout(page.press, 50); // once gradio has put its own state in order
    },
    forget: () => page.say((page.next = null)),
    say: (prompt) => {
      const line = find("#next .next");
      if (line) line.textContent = prompt === null ? "" : line.dataset.text.replace("{prompt}", prompt);
    },
    // gradio translates labels, and no title
    title: () => (document.title = find(".hero")?.dataset.title ?? document.title),
    drawer: () => find("#settings .toggle-button, .sidebar .toggle-button")?.click(),
    // the frame of an interpolation at a position from 0 to 1, in the place of the picture
    frame: (position) => {
      const frames = document.querySelectorAll("#live-strip img");
      const frame = frames[Math.round(position * (frames.length - 1))];
      const picture = find("#live-picture img");
      if (!frame || !picture) return;
      [picture.src, picture.alt] = [frame.src, frame.alt];
      find("#live-picture figcaption").textContent = frame.alt;
    },
    // a run begins below what is on the screen of a phone
    show: () => {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (find("#status .begun")) find("#columns")?.scrollIntoView({ block: "nearest", behavior: still ? "instant" : "smooth" });
    },
  };
  window.instaflow = page;
}
