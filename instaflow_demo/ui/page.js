// What the page does by itself, without asking the server. Gradio calls these by name from its events.
() => {
  const find = (selector) => document.querySelector(selector);
  // the runs of a tab: the one that is under way, and the one that comes next
  const runs = (status, start, prompt, line) => {
    const tab = {
      // a run is under way, or waits in the queue
      busy: () => Boolean(find(`${status} .busy`) || find(`${status} [data-testid=status-tracker].translucent:not(.hide)`)),
      next: null,
      // the button, now or as soon as the run that is under way is over
      press: () => {
        if (!tab.busy()) return find(start).click();
        tab.say((tab.next = find(`${prompt} textarea`).value));
      },
      over: () => {
        const waiting = tab.next !== null;
        tab.forget();
        if (waiting) setTimeout(tab.press, 50); // once gradio has put its own state in order
      },
      forget: () => tab.say((tab.next = null)),
      say: (prompt) => {
        const text = find(`${line} .next`);
        if (text) text.textContent = prompt === null ? "" : text.dataset.text.replace("{prompt}", prompt);
      },
    };
    return tab;
  };
  const page = {
    ...runs("#status", "#generate", "#prompt", "#next"),
    flow: runs("#flow-status", "#flow-start", "#flow-prompt", "#flow-next"),
    // gradio translates labels, and no title; Portuguese is of no country to it
    title: () => {
      const hero = find(".hero"), root = document.documentElement;
      if (!hero) return;
      [document.title, root.lang] = [hero.dataset.title, hero.dataset.lang];
      // a language that is chosen in gradio's own settings is chosen for all of the page
      new MutationObserver(() => page.speak(root.lang === "pt" ? "pt-PT" : root.lang)).observe(root, { attributeFilter: ["lang"] });
    },
    // the page in another language: what the server said so far is in this one
    speak: (language) => {
      const address = new URL(location.href);
      address.searchParams.set("lang", language);
      address.searchParams.delete("view");
      location.assign(address);
    },
    // ---------------------------------------------------------- links, and what the browser keeps of the form
    // a link's images are drawn as if the visitor had pressed the button
    draw: (html) => html.includes("data-draw") && page.press(),
    // what stands in the form, from now on the visitor's own and no longer a link's
    keep: (names, values) => {
      page.own();
      return Object.fromEntries(names.map((name, place) => [name, values[place]]));
    },
    own: () => {
      const address = new URL(location.href), theirs = [...address.searchParams.keys()];
      const link = theirs.filter((name) => name !== "lang" && !name.startsWith("__"));
      link.forEach((name) => address.searchParams.delete(name));
      if (link.length) history.replaceState(history.state, "", address);
    },
    // the link of a button to the clipboard, or into the field beside it where that is not allowed
    share: async ({ parentElement: place, dataset }) => {
      const [said, field] = [place.querySelector("output"), place.querySelector("input")];
      field.value = location.origin + location.pathname + dataset.link;
      try {
        await navigator.clipboard.writeText(field.value);
        said.textContent = dataset.copied;
      } catch {
        said.textContent = dataset.refused;
        field.hidden = false;
        field.select();
      }
    },
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
    // ---------------------------------------------------------- the films of the flow tab
    // every film at the last moment that t has reached
    scrub: (t) => document.querySelectorAll(".film").forEach((film) => page.turn(film, Number(t))),
    turn: (film, t) => {
      const frames = [...film.querySelectorAll(".frame")];
      const now = frames.filter((frame) => Number(frame.dataset.t) <= t + 1e-6).pop() ?? frames[0];
      frames.forEach((frame) => frame.classList.toggle("now", frame === now));
      film.querySelector(".clock b").textContent = now.dataset.text;
      for (const kind of ["state", "prediction"])
        film.querySelector(`.large .${kind}`).src = now.querySelector(`.${kind}`).src;
      const [x, y, toX, toY] = now.dataset.at.split(" ");
      const put = (part, places) => Object.entries(places).forEach(([name, value]) => film.querySelector(part).setAttribute(name, value));
      put(".here", { cx: x, cy: y });
      put(".end", { cx: toX, cy: toY });
      put(".aim", { x1: x, y1: y, x2: toX, y2: toY });
      const reel = film.querySelector(".reel");
      reel.scrollLeft = now.offsetLeft - (reel.clientWidth - now.offsetWidth) / 2;
    },
    // the slider of Gradio's, as if it were dragged
    drag: (t) => {
      const slider = find("#flow-time input[type=range]");
      if (!slider) return;
      slider.value = t;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      page.scrub(t);
    },
    playing: 0,
    play: () => {
      clearInterval(page.playing);
      let t = 0;
      page.playing = setInterval(() => {
        page.drag(t.toFixed(2));
        if ((t += 0.04) > 1.001) clearInterval(page.playing);
      }, 120);
    },
  };
  // a frame that is pressed is the moment that all films go to; with the keyboard, the slider does that
  document.addEventListener("click", (event) => {
    const frame = event.target.closest?.(".film .frame");
    if (frame) page.drag(frame.dataset.t);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-link]");
    if (button) page.share(button);
  });
  document.addEventListener("click", (event) => {
    const language = event.target.closest?.(".languages a");
    if (!language) return;
    event.preventDefault();
    page.speak(language.lang);
  });
  // before gradio hears of it: its answer could be that the run is over, after which the next one would begin
  const stops = { "#stop": page, "#flow-stop": page.flow };
  document.addEventListener(
    "click",
    (event) => Object.entries(stops).forEach(([button, tab]) => event.target.closest?.(button) && tab.forget()),
    { capture: true },
  );
  window.instaflow = page;
}
