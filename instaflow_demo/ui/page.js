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
    arena: {
      ...runs("#arena-status", "#arena-start", "#arena-prompt", "#arena-next"),
      // the keys of the votes, where one is being asked for
      keys: { ArrowLeft: "#arena-left", ArrowRight: "#arena-right", ArrowUp: "#arena-tie", ArrowDown: "#arena-bad" },
      // whoever votes without a mouse goes on from what has just appeared
      shown: () =>
        setTimeout(() => {
          Object.entries(page.arena.keys).forEach(([key, button]) => find(button)?.setAttribute("aria-keyshortcuts", key));
          const next = find("#arena-said .voted") ? find("#arena-another") : find("#arena-pair [tabindex]");
          const last = document.activeElement;
          if (last === document.body || last?.closest("#arena-ask button, #arena-pair, #arena-votes, #arena-onwards"))
            next?.focus({ preventScroll: true });
        }, 50),
      save: () => setTimeout(() => find("#arena-file")?.click(), 50),
    },
    grid: runs("#grid-status", "#grid-start", "#grid-prompt", "#grid-next"),
    // gradio translates labels, and no title; Portuguese is of no country to it; and the icons of its footer say again what
    // stands beside them
    title: () => {
      const hero = find(".hero"), root = document.documentElement;
      if (!hero) return;
      [document.title, root.lang] = [hero.dataset.title, hero.dataset.lang];
      page.call(hero.dataset);
      // a tab is made when it is opened
      new MutationObserver(() => page.call(hero.dataset)).observe(find("#tabs"), { childList: true, subtree: true });
      document.querySelectorAll("footer img").forEach((icon) => icon.setAttribute("aria-hidden", "true"));
      // a language that is chosen in gradio's own settings is chosen for all of the page
      new MutationObserver(() => page.speak(root.lang === "pt" ? "pt-PT" : root.lang)).observe(root, { attributeFilter: ["lang"] });
    },
    // the buttons of a field are called by what is on them: a picture, of which a screen reader has a name of its own
    call: ({ roll, copy }) => {
      const called = { "🎲": roll, "📋": copy };
      document.querySelectorAll(".custom-button").forEach((button) => {
        const said = called[button.textContent.trim()];
        if (said && button.title !== said) [button.ariaLabel, button.title] = [said, said];
      });
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
    show: () => find("#status .begun") && page.reveal(),
    // to where something happens, unless it can be seen already
    reveal: (place = "#columns", block = "nearest") => {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!find(place) || find(place).getBoundingClientRect().top < innerHeight * 0.7) return;
      find(place).scrollIntoView({ block, behavior: still ? "instant" : "smooth" });
    },
    // gradio numbers the images of a gallery, in English, whenever it draws them; their captions say more, and once is enough
    name: () => {
      const name = () => {
        document.querySelectorAll(":is(#gallery-images, #runs) .thumbnail-item").forEach((button) => {
          button.ariaLabel = button.querySelector(".caption-label").textContent;
          const image = button.querySelector("img");
          image.ariaHidden = "true";
          if (image.alt) image.alt = "";
        });
        const slider = find("#gallery-slider");
        const label = slider?.querySelector("label").textContent.trim();
        slider?.querySelectorAll("img").forEach((image) => image.alt !== label && (image.alt = label));
      };
      name();
      page.named ??= new MutationObserver(name);
      const parts = ["#gallery", "#gallery-pair", "#runs-row"].map(find).filter(Boolean);
      parts.forEach((part) => page.named.observe(part, { childList: true, subtree: true, attributeFilter: ["alt"] }));
    },
    // gradio's own button, which packs the files as they were saved; its label is in English alone
    zip: () => find("#gallery-images .icon-button-wrapper button")?.click(),
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
    // a slider of Gradio's, as if it were dragged
    slide: (name, t) => {
      const slider = find(`${name} input[type=range]`);
      if (!slider) return;
      slider.value = t;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    },
    drag: (t) => {
      page.slide("#flow-time", t);
      page.scrub(t);
    },
    sweep: (t) => {
      page.slide("#live-position", t);
      page.frame(t);
    },
    playing: 0,
    play: (drag = page.drag) => {
      clearInterval(page.playing);
      let t = 0;
      page.playing = setInterval(() => {
        drag(t.toFixed(2));
        if ((t += 0.04) > 1.001) clearInterval(page.playing);
      }, 120);
    },
  };
  // a frame that is pressed is the moment that all films go to; with the keyboard, the slider does that
  document.addEventListener("click", (event) => {
    const frame = event.target.closest?.(".film .frame");
    if (frame) page.drag(frame.dataset.t);
  });
  // arrows vote on the pair that is open; in fields, and with other keys held, they do what they always do
  document.addEventListener("keydown", (event) => {
    const button = find(page.arena.keys[event.key] ?? "#none");
    const elsewhere = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], [role=tab]");
    if (!button?.offsetParent || elsewhere || event.repeat || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    event.preventDefault();
    button.click();
  });
  // ------------------------------------------------------------ the grid: a cell opens its settings
  page.grid.show = () => find("#grid-status .begun") && page.reveal("#grid-state", "start");
  const dialog = () => find("#grid-opened dialog");
  const show = (cell) => {
    dialog().querySelector(".content").innerHTML = cell.parentElement.querySelector(".about").innerHTML;
    dialog().setAttribute("aria-label", dialog().querySelector("h2").textContent);
    dialog().dataset.cell = cell.dataset.cell;
    if (!dialog().open) dialog().showModal();
  };
  document.addEventListener("click", (event) => {
    const cell = event.target.closest?.("#grid-cells button[data-cell]");
    if (cell) show(cell);
    // what is outside of the dialog counts as the dialog itself
    else if (event.target === dialog() || event.target.closest?.("#grid-opened button[data-model]")) dialog().close();
  });
  document.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way || !dialog()?.open) return;
    const cells = [...document.querySelectorAll("#grid-cells button[data-cell]")];
    const now = cells.findIndex((cell) => cell.dataset.cell === dialog().dataset.cell);
    show(cells[(now + way + cells.length) % cells.length]);
  });
  // a row that scrolls sideways shows only the edge of what the keyboard comes to next
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-link]");
    if (button) page.share(button);
  });
  // the list of languages closes when whoever opened it turns elsewhere
  const fold = (event) => {
    const list = find(".languages[open]");
    if (list && (event.key === "Escape" || (!event.key && !list.contains(event.target)))) list.open = false;
  };
  ["click", "focusin", "keydown"].forEach((name) => document.addEventListener(name, fold));
  document.addEventListener("click", (event) => {
    const language = event.target.closest?.(".languages a");
    if (!language) return;
    event.preventDefault();
    page.speak(language.lang);
  });
  const stops = { "#stop": page, "#flow-stop": page.flow, "#grid-stop": page.grid, "#arena-stop": page.arena };
  const halts = [...Object.keys(stops), "#live-stop", "#bench-stop"].join();
  // the second half of a double click falls on the button that has just taken the first one's place
  document.addEventListener(
    "click",
    (event) => event.detail > 1 && event.target.closest?.(halts) && event.stopImmediatePropagation(),
    { capture: true },
  );
  // before gradio hears of it: its answer could be that the run is over, after which the next one would begin
  document.addEventListener(
    "click",
    (event) => Object.entries(stops).forEach(([button, tab]) => event.target.closest?.(button) && tab.forget()),
    { capture: true },
  );
  window.instaflow = page;
}
