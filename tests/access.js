// What the tests of accessibility ask of the page: each answers with a list of sentences on what is wrong.
window.access = (() => {
  const CONTROLS =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [contenteditable=true], [tabindex], " +
    "[role=button], [role=link], [role=slider], [role=checkbox], [role=tab]";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const name = (element) => {
    const said = element.ariaLabel || element.name || element.textContent.trim() || element.placeholder || element.querySelector("img")?.alt || "";
    return `${element.tagName.toLowerCase()}${element.id && "#" + element.id}.${element.className} “${said.slice(0, 40)}”`;
  };
  const visible = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    element.getClientRects().length > 0 &&
    !element.closest("[aria-hidden=true], [inert]");

  // of the radio buttons of one question, Tab reaches one; arrow keys reach the others
  const isReachedByArrows = (element) =>
    element.type === "radio" && !element.checked && all(`input[type=radio]`).some((other) => other.name === element.name && other.checked);
  const controls = () => all(CONTROLS).filter((e) => visible(e) && !e.disabled && !isReachedByArrows(e));

  // how an element looks, with what stands around it alone, as a label does
  const look = (element) => {
    const around = [];
    for (let each = element; each && (each === element || all(CONTROLS, each).length <= 1); each = each.parentElement) around.push(each);
    return around.map((each) => {
      const style = getComputedStyle(each);
      const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 ? style.outline : "none";
      return `${outline}|${style.boxShadow}`;
    }).join();
  };
  // what lies over all of it, if anything does: an element, or the edge of the window
  const cover = (element) => {
    const box = element.getBoundingClientRect();
    const tops = [0.1, 0.5, 0.9].map((part) => document.elementFromPoint(box.left + box.width / 2, box.top + box.height * part));
    const isSeen = (top) => top && (element.contains(top) || top.contains(element) || element.labels?.[0]?.contains(top));
    if (tops.some(isSeen)) return null;
    return `${tops[1] ? name(tops[1]) : "the edge of the window"} at ${Math.round(box.left)}, ${Math.round(box.top)}`;
  };

  // what still lies over it once things that move have come to rest; a machine that runs tests may be slow to draw
  const lastingCover = async (element, tries = 40) => {
    for (; tries > 0 && cover(element); tries--) await new Promise((done) => setTimeout(done, 50));
    return cover(element);
  };

  let reached, unseen, hidden, last; // hidden: what lies over each
  const leave = () => last && look(last.element) === last.look && unseen.add(last.element);
  return {
    unfold: () => {
      all("details:not([open], .languages)").forEach((each) => (each.open = true));
      all("button.label-wrap:not(.open)").filter(visible).forEach((each) => each.click());
    },
    begin: () => {
      [reached, unseen, hidden, last] = [new Set(), new Set(), new Map(), null];
      document.activeElement.blur();
      scrollTo(0, 0);
    },
    // true when the round is complete
    arrive: async () => {
      const element = document.activeElement;
      leave();
      if (reached.has(element)) return true;
      last = null;
      if (element === document.body) return false;
      reached.add(element);
      const over = await lastingCover(element);
      if (over) hidden.set(element, over);
      last = { element, look: look(element) };
      return false;
    },
    problems: () => [
      ...controls().filter((each) => !reached.has(each)).map((each) => `not reached by Tab: ${name(each)}`),
      ...[...unseen].map((each) => `looks the same with the focus: ${name(each)}`),
      ...[...hidden].map(([each, over]) => `lies under ${over} when it has the focus: ${name(each)}`),
    ],
    tooWide: () => {
      const scrolls = (element) =>
        element && (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
      const wide = document.documentElement.scrollWidth;
      return [
        ...(wide > innerWidth ? [`the page is ${wide} pixels wide`] : []),
        ...all(`${CONTROLS}, p, h1, h2, h3, td, th, li, img, figcaption, span`)
          .filter((each) => visible(each) && each.getBoundingClientRect().right > innerWidth + 1 && !scrolls(each.parentElement))
          .map((each) => `ends outside of the window: ${name(each)}`),
      ];
    },
    undescribed: () =>
      all("img, [role=img]")
        .filter((each) => !each.closest("[aria-hidden=true]") && !(each.alt || each.ariaLabel || "").trim())
        .map((each) => `neither described nor hidden: ${name(each)} in ${name(each.parentElement)}`),
    moving: () =>
      document
        .getAnimations()
        .filter((each) => each.playState === "running" && each.effect.target.checkVisibility())
        .map((each) => `moves: ${name(each.effect.target)} ${each.animationName ?? each.transitionProperty}`),
  };
})();
