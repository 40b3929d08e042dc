// SPDX-License-Identifier: BSD-2-Clause
// Joins the parts: messages change the board, the board is drawn at most once a frame.
import { Board, groupKeys } from "./board.js";
import { Cords } from "./cords.js";
import { Details } from "./details.js";
import { count, find, make, setText } from "./dom.js";
import { Explain, split } from "./explain.js";
import { Panel } from "./panel.js";
import { follow } from "./stream.js";
import { Timeline } from "./timeline.js";

const Second = 1000;

const board = new Board();
const cords = new Cords(find("panel"), find("cords"), find("marked"));
const details = new Details(board, shown => {
  chosen = shown;
  choose();
});
const explain = new Explain();
const panel = new Panel((side, jack) => details.open(side, jack.id, panel.buttonOf(side, jack.id)), jack => cords.mark({ pointed: jack }));
const timeline = new Timeline(told => explain.open(told));
let chosen = null;
let groupedBy = null;
let words = [];
let dirty = true;
let moved = true;
let scheduled = false;

function schedule(changed) {
  dirty ||= changed;
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(render);
  }
}

function render() {
  scheduled = false;
  if (dirty) {
    dirty = false;
    showGroups();
    moved = panel.update(board, groupedBy ?? groupKeys(board)[0] ?? "", words) || moved;
    // To ask where everything is, is what costs most.
    if (moved) cords.set({ places: panel.places(find("panel").getBoundingClientRect()) });
    moved = false;
    cords.set({ board, lit: words.length > 0 ? panel.lit : null });
    choose();
    setText(find("counts"), `${count(board.targets.size, "target")}, ${count(board.connections.size, "connection")}`);
    setText(find("found"), words.length === 0 ? "" : `${count(panel.found.targets, "target")} and ${count(panel.found.clients, "client")} match`);
  }
  details.update();
  timeline.update(board);
}

function choose() {
  for (const button of document.querySelectorAll(".jack.chosen")) button.classList.remove("chosen");
  if (!chosen) return cords.mark({ chosen: null });
  const connection = chosen.kind === "connection" ? board.connections.get(chosen.id) : null;
  const cord = connection ? `${connection.client.pid}:${connection.client.uid} ${connection.target}` : chosen.id;
  panel.buttonOf("clients", chosen.kind === "clients" ? chosen.id : "")?.classList.add("chosen");
  panel.buttonOf("targets", chosen.kind === "targets" ? chosen.id : "")?.classList.add("chosen");
  cords.mark({ chosen: chosen.kind === "clients" || chosen.kind === "targets" ? { id: cord } : cord });
}

function showGroups() {
  const select = find("group");
  const keys = groupKeys(board);
  const now = JSON.stringify([keys, groupedBy]);
  if (select.now === now || document.activeElement === select) return;
  select.now = now;
  select.replaceChildren(...[["nothing", ""], ...keys.map(key => [key, key])].map(([text, value]) => {
    const option = make("option", {}, text);
    option.value = value;
    return option;
  }));
  select.value = groupedBy ?? keys[0] ?? "";
}

function showStatus(state, text) {
  find("status").dataset.state = state;
  setText(find("status-words"), text);
  document.body.classList.toggle("inert", state === "disconnected");
}

find("group").addEventListener("change", event => {
  groupedBy = event.target.value;
  schedule(true);
});
find("search").addEventListener("input", event => {
  words = split(event.target.value.toLowerCase());
  schedule(true);
});
find("tools").addEventListener("submit", event => event.preventDefault());
find("panel").addEventListener("click", event => {
  if (event.target.closest(".jack")) return;
  const box = find("panel").getBoundingClientRect();
  const cord = cords.at(event.clientX - box.left, event.clientY - box.top);
  if (cord) {
    const only = cord.connections.length === 1 ? ["connection", cord.connections[0].id] : ["cord", cord.id];
    details.open(...only, panel.buttonOf("targets", cord.target.id));
  }
});
find("panel").addEventListener("pointermove", event => {
  if (event.target.closest(".jack")) return;
  const box = find("panel").getBoundingClientRect();
  const cord = cords.at(event.clientX - box.left, event.clientY - box.top);
  find("panel").style.cursor = cord ? "pointer" : "";
  if (cords.state.pointed !== (cord?.id ?? null)) cords.mark({ pointed: cord?.id ?? null });
});
addEventListener("keydown", event => {
  if (event.key === "/" && !event.target.closest("input, select, dialog")) {
    event.preventDefault();
    find("search").focus();
  }
});
new ResizeObserver(() => {
  moved = true;
  schedule(true);
}).observe(find("panel"));
setInterval(() => { if (!document.hidden) schedule(board.passes()); }, Second);
document.addEventListener("visibilitychange", () => schedule(false));

follow(message => {
  if (message.status) showStatus(message.status.connected ? "connected" : "disconnected", message.status.words);
  schedule(board.apply(message));
}, why => showStatus("disconnected", why));
