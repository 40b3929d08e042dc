// SPDX-License-Identifier: BSD-2-Clause
// The last minutes: connects above the line, refusals below it, a bar for each five seconds.
import { clock, count, find, make, setText, wordsOf } from "./dom.js";

const Bucket = 5000;
const Bars = 60;
const Shown = 50;

export class Timeline {
  // `onExplain` is given the labels and required keys of a refused request.
  constructor(onExplain) {
    this.canvas = find("time");
    this.onExplain = onExplain;
    this.listed = null;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    find("refusals").addEventListener("toggle", () => this.list(true));
  }

  update(board) {
    this.board = board;
    this.draw();
    this.list(false);
  }

  draw() {
    if (!this.board) return;
    const last = Math.floor(Date.now() / Bucket);
    const made = new Array(Bars).fill(0);
    const refused = new Array(Bars).fill(0);
    for (const told of this.board.history) {
      const bar = Bars - 1 - (last - Math.floor(told.time / Bucket));
      if (bar >= 0 && bar < Bars) (told.what === "accepted" ? made : refused)[bar] += told.many ?? 1;
    }
    this.paint(made, refused);
    const sum = bars => bars.reduce((a, b) => a + b, 0);
    setText(find("time-words"), `${count(sum(made), "connect")} and ${count(sum(refused), "refusal")} in the last five minutes`);
    setText(find("time-title"), `Seen in the last five minutes: ${count(sum(made), "connect")}, ${count(sum(refused), "refusal")}`);
  }

  paint(made, refused) {
    const scale = devicePixelRatio || 1;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const step = width / Bars;
    const most = Math.max(4, ...made, ...refused);
    const line = Math.round(height * 0.62);
    // By the root, so that one refusal among a thousand connects is seen.
    const tall = (number, room) => number === 0 ? 0 : Math.max(2, Math.sqrt(number / most) * room);
    context.fillStyle = style.getPropertyValue("--line");
    context.fillRect(0, line, width, 1);
    for (const minutes of [1, 2, 3, 4]) context.fillRect(Math.round(width * minutes / 5), line - 3, 1, 7);
    for (let i = 0; i < Bars; i++) {
      context.fillStyle = style.getPropertyValue("--open");
      const up = tall(made[i], line - 2);
      context.fillRect(i * step + 1, line - up, Math.max(1, step - 2), up);
      context.fillStyle = style.getPropertyValue("--refused");
      context.fillRect(i * step + 1, line + 1, Math.max(1, step - 2), tall(refused[i], height - line - 2));
    }
  }

  list(opened) {
    const refusals = this.board?.refusals() ?? [];
    setText(find("refusal-count"), refusals.length === 0 ? "" : `(${refusals.length})`);
    const latest = refusals.at(-1);
    // Where somebody reads it, or has the focus in it, it changes only when there is something new.
    if (!find("refusals").open || (!opened && latest === this.listed)) return;
    this.listed = latest;
    const rows = refusals.slice(-Shown).reverse().map(told => make("li", {},
      make("span", {}, clock(told.time)),
      make("span", { class: "code" }, told.status),
      make("span", {}, `${told.command ?? "pid"} ${told.pid}`),
      make("span", {}, told.reason),
      ...(told.labels.length + told.required.length === 0 ? [] : [make("button", {
        class: "link", "aria-label": `Explain ${wordsOf(told.labels).join(" ")}`, onclick: () => this.onExplain(told),
      }, "explain")])));
    find("refusal-list").replaceChildren(...(rows.length > 0 ? rows : [make("li", {}, "None in the last five minutes.")]));
  }
}
