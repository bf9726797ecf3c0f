"use strict";
// Shows the steps that Python wrote down (see replay.py); it computes no number of its own.
const data = JSON.parse(document.getElementById("data").textContent);
const { steps, arrays, lines, rules, leaves } = data;
const $ = (id) => document.getElementById(id);
const picture = document.querySelector("#graph svg");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const backwardBegins = steps.findIndex((step) => step.phase === "start");
const isForward = (step) => step.phase === "forward";
let at = 0;
let isHidden = false; // the result of this step, until it is asked for
let timer = 0;
let colours;
const NAN = [255, 0, 255];

// Elements and numbers

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

function short(x) { // in three digits, as Python's explanation
  if (typeof x !== "number") return String(x);
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  if (Number.isInteger(x) && Math.abs(x) < 1e5) return String(x);
  const [digits, power] = x.toExponential(2).split("e");
  if (power < -4 || power > 4) return `${Number(digits)}e${power.replace("+", "")}`;
  return String(Number(x.toPrecision(Math.max(3, Number(power) + 1))));
}

// Colours: from blue through 0 to brown, with the ink that contrasts most

function readColours() {
  const probe = document.body.appendChild(element("i"));
  colours = ["negative", "zero", "positive"].map((name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  });
  probe.remove();
}

function colour(x, top) {
  if (Number.isNaN(x)) return NAN;
  const share = top ? Math.max(-1, Math.min(1, x / top)) : 0;
  const end = colours[share < 0 ? 0 : 2];
  return colours[1].map((zero, i) => Math.round(zero + (end[i] - zero) * Math.abs(share) ** 0.7));
}

function inkOn(rgb) {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// Arrays

function cell(x, top) {
  const rgb = colour(Number(String(x).replace("inf", "Infinity")), top);
  return element("td", { title: x, style: `background:rgb(${rgb});color:${inkOn(rgb)}` }, short(x));
}

function heatMap(array, name) {
  const table = element("table", { class: "heat", "aria-label": name });
  for (const row of array.rows) table.append(element("tr", {}, ...row.map((x) => cell(x, array.top))));
  return element("div", { class: "scroll" }, table);
}

function tiles(array, name) {
  const [many, height, width] = array.size;
  const levels = Uint8Array.from(atob(array.tiles), (letter) => letter.charCodeAt(0));
  const row = element("div", { class: "tiles", role: "img", "aria-label": `${name}, as ${many} images`, style: `width:${5.4 * many}rem` });
  for (let i = 0; i < many; i++) {
    const canvas = row.appendChild(element("canvas", { width, height }));
    const pixels = new ImageData(width, height);
    for (let j = 0; j < width * height; j++) {
      const level = levels[i * width * height + j];
      pixels.data.set([...(level ? colour(level - 128, 127) : NAN), 255], 4 * j);
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }
  return row;
}

function figure({ title, sub, array: number }) {
  const caption = element("figcaption", {}, element("b", {}, title), sub);
  if (number === null) return element("figure", {}, caption, element("p", { class: "about" }, "was not kept"));
  const array = arrays[number];
  const name = [title, sub, array.text].filter(Boolean).join(", ");
  const made = element("figure", {}, caption, array.tiles ? tiles(array, name) : heatMap(array, name));
  if (array.more) made.append(element("div", { class: "about" }, array.more));
  if (array.text && array.top) {
    made.append(element("div", { class: "scale", "aria-hidden": "true" }, short(-array.top), element("i"), short(array.top)));
  }
  if (array.text) made.append(element("div", { class: "about stats" }, array.text));
  return made;
}

// The card of a step

const PYTHON = /(#.*$)|\b(def|return|if|elif|else|for|while|in|is|not|and|or|None|True|False|lambda|with)\b|\b(\d[\d.e-]*)\b/g;

function breakable(text) { // where a long line may be broken
  return text.split(/(?<=[(.,])/).flatMap((part, i) => (i ? [element("wbr"), part] : [part]));
}

function code(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(PYTHON)) {
    const kind = found[1] ? "comment" : found[2] ? "keyword" : "number";
    parts.push(...breakable(text.slice(from, found.index)), element("span", { class: kind }, found[0]));
    from = found.index + found[0].length;
  }
  return [...parts, ...breakable(text.slice(from))];
}

function source(label, ...content) {
  return element("div", { class: "source" }, element("div", { class: "label" }, label),
    element("pre", {}, ...content));
}

function usersLines(step) {
  if (!step.way) return [];
  const way = step.way.map((number) => lines[number]);
  const [file] = way.at(-1);
  const [start, stop] = step.mark;
  const rows = way.map(([itsFile, line, text], i) => {
    const isLast = i === way.length - 1;
    const shown = isLast ? [...code(text.slice(0, start)), element("mark", {}, ...code(text.slice(start, stop))), ...code(text.slice(stop))] : code(text);
    const place = itsFile === file ? line : `${itsFile}:${line}`;
    return element("span", { class: "row" }, element("span", { class: "at" }, place), element("code", {}, ...shown));
  });
  return [source(way.length > 1 ? `your line in ${file}, and those that led to it` : `your line in ${file}`, ...rows)];
}

function rule(step) {
  if (step.rule === undefined) return [];
  const [place, text] = rules[step.rule];
  const shown = text.map((line, i) =>
    (step.idle.includes(i) ? element("span", { class: "row idle" }, ...breakable(line)) : element("span", { class: "row" }, ...code(line))));
  return [source(`the rule, ${place}`, ...shown)];
}

function fraction(above, below) {
  return element("span", { class: "fraction" }, element("span", {}, `∂${above}`), element("span", {}, `∂${below}`));
}

function chain(step) {
  if (!step.chain?.length) return [];
  const [root, made, operand] = step.chain;
  const read = `gradient of ${operand} = derivative of ${made} by ${operand}, times gradient of ${made}`;
  return [element("div", { class: "chain", role: "math", "aria-label": read }, fraction(root, operand), "=",
    fraction(made, operand), "·", fraction(root, made))];
}

function card(step) {
  const phase = { forward: "forward", start: "backward", backward: "backward", end: "end" }[step.phase];
  const after = step.after.map((each, i) => element("div", { class: "then" },
    each.sign && (i || step.before.length) ? element("span", { class: "sign", "aria-hidden": "true" }, each.sign) : "", figure(each)));
  const reveal = element("button", {}, "Show");
  reveal.onclick = () => { byHand(next)(); $("card").focus(); };
  return [
    element("div", { class: "phase" }, `${phase}, step ${at + 1} of ${steps.length}`),
    element("h2", {}, step.title, " ", step.module ? element("small", {}, `in ${step.module}`) : ""),
    element("p", { class: "say" }, step.say, " ", isHidden ? "" : step.made || "", " ",
      isHidden || !step.note ? "" : element("span", { class: "note" }, step.note.join(" "))),
    ...usersLines(step), element("div", { class: "rule" }, ...rule(step), ...chain(step)),
    element("div", { class: "flow" }, ...step.before.map((each) => element("div", { class: "then" }, figure(each))), ...(isHidden ? [] : after)),
    isHidden ? element("div", { class: "ask" }, "What comes out: which shape, which signs, where zeros?", reveal) : "",
  ].filter((each) => each !== "");
}

// The picture, and the gradients of the leaves

function known() { // steps whose result is shown
  return steps.slice(0, isHidden ? at : at + 1);
}

function paint(step) {
  if (!picture) return;
  const done = new Set(known().filter(isForward).map((each) => each.op));
  const revealed = new Set(known().flatMap((each) => each.reveals || []));
  for (const node of picture.querySelectorAll(".node")) {
    node.classList.toggle("done", done.has(node.id));
    node.classList.toggle("now", node.id === step.op);
    node.classList.toggle("to", node.id === step.to);
  }
  for (const edge of picture.querySelectorAll(".edge")) {
    edge.classList.toggle("done", done.has(edge.id.split("-")[0]) || edge.id.startsWith("x"));
    edge.classList.toggle("now", isForward(step) ? edge.id.split("-")[1] === step.op : edge.id === step.edge);
    edge.classList.toggle("known", revealed.has(edge.id));
  }
  for (const leaf of picture.querySelectorAll("[id^=a_x]")) {
    leaf.classList.toggle("cell-now", leaf.id === step.cell);
    leaf.classList.toggle("known", revealed.has(leaf.id));
  }
  move();
  const now = picture.querySelector(".node.now");
  if (now) bringIntoView(now);
}

function move() { // a dot along the edge, against the arrow in backward
  picture.querySelectorAll(".dot").forEach((dot) => dot.remove());
  if (calm.matches) return;
  const back = !document.body.classList.contains("forward");
  for (const edge of picture.querySelectorAll(".edge.now")) {
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    dot.setAttribute("class", "dot");
    dot.setAttribute("r", 5);
    const way = document.createElementNS("http://www.w3.org/2000/svg", "animateMotion");
    const wanted = { dur: "0.9s", fill: "freeze", keyTimes: "0;1", keyPoints: back ? "1;0" : "0;1", calcMode: "linear", path: edge.querySelector("path").getAttribute("d") };
    for (const [key, value] of Object.entries(wanted)) way.setAttribute(key, value);
    dot.append(way);
    edge.append(dot);
    way.beginElement();
  }
}

function bringIntoView(node) {
  const box = $("graph").getBoundingClientRect();
  const place = node.getBoundingClientRect();
  if (place.top < box.top + 16 || place.bottom > box.bottom - 16) {
    $("graph").scrollTop += place.top - box.top - (box.height - place.height) / 2;
  }
  if (place.left < box.left + 16 || place.right > box.right - 16) {
    $("graph").scrollLeft += place.left - box.left - (box.width - place.width) / 2;
  }
}

function gradientsSoFar(step) {
  if (step.phase === "end") return leaves.map((leaf) => leaf.grad);
  const begin = steps.slice(0, at + 1).findLastIndex((each) => each.phase === "start");
  const had = leaves.map(() => null);
  if (begin >= 0) for (const each of known().slice(begin)) if (each.leaf !== undefined) had[each.leaf] = each.total;
  return had;
}

function leavesTable(step) {
  const isEnd = step.phase === "end";
  const compared = isEnd && leaves.some((leaf) => leaf.torch);
  const head = ["leaf", "shape", isEnd ? ".grad in the end" : "gradient", ...(compared ? ["torch's differs by"] : [])];
  const rows = gradientsSoFar(step).map((number, i) => {
    const array = arrays[number];
    const text = array ? element("td", {}, array.text.split("  ")[1] || short(array.rows[0][0])) : element("td", { class: "none" }, "None");
    return element("tr", step.leaf === i ? { class: "now" } : {}, element("th", { scope: "row" }, element("code", {}, leaves[i].name)),
      element("td", {}, leaves[i].shape), text, ...(compared ? [element("td", {}, leaves[i].torch)] : []));
  });
  return element("table", { class: "leaves" }, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows));
}

// Going from step to step

function show(wanted, { hide = false, say = true } = {}) {
  at = Math.max(0, Math.min(steps.length - 1, wanted));
  const step = steps[at];
  isHidden = hide && $("ask").checked && ["forward", "backward"].includes(step.phase);
  document.body.classList.toggle("forward", isForward(step));
  document.body.classList.toggle("backward", !isForward(step));
  $("card").replaceChildren(...card(step));
  letScroll();
  $("leaves").replaceChildren(leavesTable(step));
  paint(step);
  $("slider").value = at + 1;
  $("slider").setAttribute("aria-valuetext", `step ${at + 1}, ${step.title}`);
  document.querySelector("#steps [aria-current]")?.removeAttribute("aria-current");
  $("steps").children[at].firstChild.setAttribute("aria-current", "step");
  for (const [id, end] of [["first", 0], ["back", 0], ["next", steps.length - 1], ["over", steps.length - 1]]) $(id).disabled = at === end && !isHidden;
  if (say) $("said").textContent = [`Step ${at + 1}. ${step.title}. ${step.say}`, ...(isHidden ? [] : [step.made || "", ...(step.note || [])])].join(" ");
  history.replaceState(null, "", `#step-${at + 1}`);
}

function letScroll() { // what is wider than its place is reached by the tab key, and scrolled by the arrows
  for (const box of document.querySelectorAll("#card .scroll")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", letScroll);

function next() {
  if (isHidden) show(at);
  else if (at < steps.length - 1) show(at + 1, { hide: true });
  else stop();
}

const back = () => show(at - 1);

function groups() { // where each of the user's lines begins, forward and backward
  const key = (step) => `${isForward(step)} ${step.way?.at(-1)}`;
  return steps.map((_, i) => i).filter((i) => i === 0 || key(steps[i]) !== key(steps[i - 1]));
}

const over = () => show(groups().find((i) => i > at) ?? steps.length - 1, { hide: true });
const overBack = () => show(groups().findLast((i) => i < at) ?? 0);

function stop() {
  clearInterval(timer);
  timer = 0;
  $("play").className = "";
  $("play").lastChild.textContent = "Play";
}

function play() {
  if (timer) return stop();
  if (at === steps.length - 1) show(0);
  timer = setInterval(next, 1600);
  $("play").className = "playing";
  $("play").lastChild.textContent = "Pause";
  return undefined;
}

function byHand(action) {
  return () => { stop(); action(); };
}

const toFirst = () => show(0);
const toLast = () => show(steps.length - 1);
const toBackward = () => { if (backwardBegins >= 0) show(backwardBegins); };
const KEYS = { ArrowRight: next, ArrowLeft: back, n: over, p: overBack, b: toBackward, Home: toFirst, End: toLast };

addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === " " && ["BUTTON", "INPUT", "SUMMARY"].includes(event.target.tagName)) return;
  const hasArrows = event.target.id === "slider" || event.target.className === "scroll";
  if (hasArrows && event.key.length > 1) return;
  const action = event.key === " " ? play : KEYS[event.key] && byHand(KEYS[event.key]);
  if (!action) return;
  event.preventDefault();
  action();
});
for (const [id, action] of Object.entries({ first: toFirst, back, next, over })) $(id).onclick = byHand(action);
$("play").onclick = play;
$("slider").oninput = () => { stop(); show($("slider").value - 1); };
$("ask").onchange = () => show(at);

function readAddress() {
  const wanted = Number(/^#step-(\d+)$/.exec(location.hash)?.[1]);
  if (wanted && wanted !== at + 1) { stop(); show(wanted - 1); }
}
addEventListener("hashchange", readAddress);

picture?.addEventListener("click", (event) => { // to the op's forward step; in backward to where it sends its gradient
  const id = event.target.closest(".node")?.id;
  const ofNode = steps.map((step, i) => (step.op === id ? i : -1)).filter((i) => i >= 0);
  const ofPhase = ofNode.filter((i) => isForward(steps[i]) === isForward(steps[at]));
  const chosen = [...ofPhase, ...ofNode][0];
  if (id && chosen !== undefined) { stop(); show(chosen); }
});

// Light and dark

function theme(isDark, byUser) {
  if (byUser) document.documentElement.style.colorScheme = isDark ? "dark" : "light";
  $("theme").textContent = isDark ? "Light" : "Dark";
  readColours();
  show(at, { say: false });
}
$("theme").onclick = () => theme($("theme").textContent === "Dark", true);
dark.addEventListener("change", () => { if (!document.documentElement.style.colorScheme) theme(dark.matches, false); });

// Begin

steps.forEach((step, i) => {
  const link = element("a", { href: `#step-${i + 1}` }, step.title);
  $("steps").append(element("li", { class: isForward(step) ? "forward" : "backward" }, link));
});
for (let i = 0; i < steps.length;) {
  let j = i;
  while (j < steps.length && isForward(steps[j]) === isForward(steps[i])) j++;
  const kind = isForward(steps[i]) ? "forward" : "backward";
  const begin = i;
  const part = element("button", { class: kind, style: `flex:${j - i} 1 0`, title: `to step ${begin + 1}` }, kind);
  part.onclick = byHand(() => show(begin));
  $("parts").append(part);
  i = j;
}
$("slider").max = steps.length;
new ResizeObserver(([head]) => document.body.style.setProperty("--head", `${head.target.offsetHeight}px`))
  .observe(document.querySelector("header"));
$("hint").hidden = !data.hint;
$("hint").textContent = data.hint;
at = (Number(/^#step-(\d+)$/.exec(location.hash)?.[1]) || 1) - 1;
theme(dark.matches, false);
