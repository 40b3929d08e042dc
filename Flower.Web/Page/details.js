// SPDX-License-Identifier: BSD-2-Clause
// What is known of one jack, or of one connection.
import { age, count, find, make, wordsOf } from "./dom.js";
import { stateOf } from "./board.js";
import { clientText, targetText } from "./panel.js";
import { ask } from "./stream.js";

const Refresh = 1000;
const Shown = 200;

export class Details {
  // `onChange` is given what is shown: {kind, id}, or null.
  constructor(board, onChange) {
    this.board = board;
    this.onChange = onChange;
    this.element = find("details");
    this.body = find("details-body");
    this.shown = null;
    find("details-close").addEventListener("click", () => this.close());
    addEventListener("keydown", event => {
      if (event.key === "Escape" && this.shown && !find("explain").open) this.close();
    });
  }

  open(kind, id, from) {
    this.from = this.shown ? this.from : from ?? document.activeElement;
    this.shown = { kind, id };
    this.measured = null;
    this.last = "";
    this.element.hidden = false;
    this.update();
    this.measure();
    find("details-title").focus();
    this.element.scrollTop = 0;
    this.onChange(this.shown);
  }

  close() {
    clearTimeout(this.timer);
    this.shown = null;
    this.element.hidden = true;
    this.onChange(null);
    (this.from?.isConnected ? this.from : find("panel")).focus();
  }

  update() {
    if (!this.shown) return;
    const { kind, id } = this.shown;
    const [title, parts, said] = kind === "clients" ? this.client(this.board.clients.get(id))
      : kind === "targets" ? this.target(this.board.targets.get(id))
      : kind === "cord" ? this.cord(this.board.cords.get(id)) : this.connection(this.board.connections.get(id));
    // Rebuilt only when it reads otherwise, and then the focus goes where it was.
    const now = JSON.stringify([title, said]);
    if (now === this.last) return;
    this.last = now;
    const at = [...this.body.querySelectorAll("button")].indexOf(document.activeElement);
    find("details-title").textContent = make("p", {}, title).textContent;
    this.body.replaceChildren(...parts());
    if (at >= 0) (this.body.querySelectorAll("button")[at] ?? find("details-title")).focus();
  }

  // The kernel is asked while a connection is looked at.
  async measure() {
    clearTimeout(this.timer);
    const shown = this.shown;
    if (shown?.kind !== "connection") return;
    try {
      const measured = await (await ask(`connection/${encodeURIComponent(shown.id)}`)).json();
      if (this.shown === shown) this.measured = measured;
    } catch {
      if (this.shown === shown) this.measured = null;
    }
    if (this.shown === shown) {
      this.update();
      this.timer = setTimeout(() => this.measure(), Refresh);
    }
  }

  gone(what) {
    return [`This ${what} has gone`, () => [], []];
  }

  client(client) {
    if (!client) return this.gone("client");
    const [title] = clientText(client, "");
    const facts = [["pid", client.pid], ["uid", client.uid], ["handle", [...client.handles].join(", ") || "not known"],
      ["connections", client.connections.length]];
    if (client.refused) facts.push(["refused", `${client.refused.status}: ${client.refused.reason}`]);
    const several = client.connections.length > 1 ? "Labels that all its requests have" : "Labels of its request";
    return [title, () => [dl(facts), ...labels(several, client.labels), ...this.rows(client.connections, true)],
      [facts, client.labels, client.connections.map(c => [c.id, c.state])]];
  }

  target(target) {
    if (!target) return this.gone("target");
    const [title] = targetText(target, "");
    const connections = target.cords.flatMap(cord => cord.connections);
    const facts = [["kind", target.kind], ["state", target.gone ? "not registered any more" : target.draining ? "drains: takes no new connections" : "registered"]];
    if (target.command) facts.push(["process", target.command]);
    if (!target.gone) facts.push(["weight", target.weight]);
    if (target.open !== null) facts.push(["says it has", count(target.open, "connection")]);
    if (target.required.length > 0) facts.push(["requires", target.required.map(key => `+${key}`).join(" ")]);
    return [title, () => [dl(facts), ...labels("Labels", target.labels), ...this.rows(connections, false)],
      [facts, target.labels, connections.map(c => [c.id, c.state])]];
  }

  cord(cord) {
    if (!cord) return this.gone("cord");
    const title = `${clientText(cord.client, "")[0]} → ${targetText(cord.target, "")[0]}`;
    const told = cord.client.refused;
    const facts = cord.state === "refused" && told ? [["refused", `${told.status}: ${told.reason}`], ["nearest", targetText(cord.target, "")[0]]] : [];
    return [title, () => [dl(facts), ...this.rows(cord.connections, true)], [facts, cord.connections.map(c => [c.id, c.state])]];
  }

  connection(connection) {
    if (!connection) return this.gone("connection");
    const target = this.board.targets.get(connection.target);
    const known = this.measured ?? {};
    const bytes = number => number === null || number === undefined ? "not known" : `${number.toLocaleString("en")} bytes`;
    const facts = [["kind", { pair: "socket pair", pushed: "pushed by an ingress", egress: "made by an egress" }[connection.kind] ?? connection.kind],
      ["state", known.state ?? connection.state], ["age", age(Date.now() - connection.since)],
      ["waits for client", bytes(known.toClient ?? connection.toClient)], ["waits for target", bytes(known.toTarget ?? connection.toTarget)]];
    if (known.tcp) {
      facts.push(["sent", bytes(known.tcp.sent)], ["received", bytes(known.tcp.received)], ["round trip", `${known.tcp.rtt} µs`], ["sent again", known.tcp.retransmits]);
    }
    if (connection.revocable) facts.push(["revocable", `flower revoke --connection ${connection.id}`]);
    const side = (who, held) => [["process", `${who.command ?? "pid"} ${who.pid}`], ["uid", who.uid], ["handle", who.handle],
      ["holds the socket", held?.length ? held.map(holder => `${holder.command ?? "pid"} ${holder.pid}`).join(", ") : "not seen from here"]];
    const [client, server] = [side(connection.client, known.clientHolders), side(connection.server, known.targetHolders)];
    return [`Connection ${connection.id}`, () => [dl(facts),
      make("h3", {}, "Client"), dl(client), ...labels("Its labels", connection.client.labels),
      make("h3", {}, "Target"), dl(server), ...labels("Its labels", target?.labels ?? [])],
    [facts, client, server, connection.client.labels, target?.labels]];
  }

  rows(connections, towardsTarget) {
    if (connections.length === 0) return [];
    const rows = connections.slice(0, Shown).map(connection => {
      const target = this.board.targets.get(connection.target);
      const other = towardsTarget ? (target ? targetText(target, "")[0] : "a target")
        : `${connection.client.command ?? "pid"} ${connection.client.pid} ${wordsOf(connection.client.labels.filter(([key]) => !key.startsWith("flower."))).join(" ")}`;
      const state = stateOf(connection, target);
      return make("li", {}, make("button", { onclick: () => this.open("connection", connection.id) },
        make("span", { class: `dot ${state}` }), make("span", {}, other),
        make("span", { class: "age" }, state === "open" ? age(Date.now() - connection.since) : state === "half" ? connection.state : "drains")));
    });
    const more = connections.length - rows.length;
    return [make("h3", {}, count(connections.length, "connection")), make("ol", { class: "rows" }, ...rows),
      ...(more > 0 ? [make("p", { class: "hint" }, `And ${more} more: flower connections lists them.`)] : [])];
  }
}

function dl(facts) {
  return make("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function labels(title, all) {
  if (all.length === 0) return [];
  const source = { a: "attested", p: "pinned", c: "claimed" };
  return [make("h3", {}, title), make("ul", { class: "labels" }, ...[...all.filter(label => label[2] !== "a"), ...all.filter(label => label[2] === "a")].map(([key, value, by]) => make("li", {},
    make("code", {}, `${key}=${value}`), make("span", { class: `source ${source[by] ?? ""}` }, source[by] ?? ""))))];
}
