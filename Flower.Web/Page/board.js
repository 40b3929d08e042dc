// SPDX-License-Identifier: BSD-2-Clause
// What is known of the board: targets, connections and what happened, from messages; clients and cords, which follow from those.

const Span = 300_000;
const Lately = 30_000;
const MaxHistory = 20_000;

export class Board {
  targets = new Map();
  connections = new Map();
  clients = new Map();
  cords = new Map();
  history = [];
  stats = null;

  // Takes a message in; true: targets, clients or cords may be others now.
  apply(message) {
    if (message.reset) {
      this.targets.clear();
      this.connections.clear();
      this.history = [];
    }
    for (const target of message.targets ?? []) this.targets.set(target.id, target);
    for (const id of message.removedTargets ?? []) this.targets.delete(id);
    for (const connection of message.connections ?? []) this.connections.set(connection.id, connection);
    for (const id of message.removedConnections ?? []) this.connections.delete(id);
    if (message.history) this.history.push(...message.history);
    if (message.stats) this.stats = message.stats;
    this.forget();
    const changed = message.reset || message.targets || message.removedTargets || message.connections
      || message.removedConnections || message.history?.some(told => told.what === "refused");
    if (changed) this.derive();
    return Boolean(changed);
  }

  // Time has passed; true: what was refused lately is so no more.
  passes() {
    this.forget();
    const had = [...this.clients.values()].some(client => client.refused);
    if (had) this.derive();
    return had;
  }

  forget() {
    const first = this.history.findIndex(told => told.time >= Date.now() - Span);
    const excess = this.history.length - MaxHistory;
    this.history.splice(0, Math.max(first < 0 ? this.history.length : first, excess, 0));
  }

  refusals() {
    return this.history.filter(told => told.what === "refused");
  }

  derive() {
    this.clients = new Map();
    this.cords = new Map();
    for (const target of this.targets.values()) target.cords = [];
    for (const connection of this.connections.values()) {
      const client = this.clientOf(connection.client);
      client.connections.push(connection);
      client.handles.add(connection.client.handle);
      this.addCord(client, connection.target, connection);
    }
    for (const told of this.history) {
      if (told.what !== "refused" || told.time < Date.now() - Lately) continue;
      const client = this.clientOf(told);
      client.refused = told;
      if (client.connections.length === 0) client.labels = told.labels;
      if (told.near) this.addCord(client, told.near, null);
    }
    for (const client of this.clients.values()) {
      if (client.connections.length > 0) client.labels = common(client.connections);
    }
  }

  clientOf({ pid, uid, command }) {
    const key = `${pid}:${uid}`;
    let client = this.clients.get(key);
    if (!client) {
      client = { id: key, pid, uid, command, connections: [], handles: new Set(), cords: [], labels: [], refused: null };
      this.clients.set(key, client);
    }
    client.command ??= command;
    return client;
  }

  addCord(client, targetId, connection) {
    const target = this.targets.get(targetId);
    if (!target) return;
    const id = `${connection ? "" : "refused "}${client.id} ${targetId}`;
    let cord = this.cords.get(id);
    if (!cord) {
      cord = { id, client, target, connections: [], state: "refused" };
      this.cords.set(id, cord);
      client.cords.push(cord);
      target.cords.push(cord);
    }
    if (connection) {
      cord.connections.push(connection);
      if (cord.state !== "half") cord.state = stateOf(connection, target);
    }
  }
}

export function stateOf(connection, target) {
  if (target?.draining || target?.gone) return "draining";
  return connection.state === "open" || connection.state === "unknown" ? "open" : "half";
}

// What a jack shows of its cords, or of itself.
export function stateOfJack(jack) {
  if (jack.draining || jack.gone) return "draining";
  if (jack.refused) return "refused";
  const states = jack.cords.map(cord => cord.state);
  return ["open", "half", "draining", "refused"].find(state => states.includes(state)) ?? "free";
}

// The labels that all of them have.
function common(connections) {
  let labels = connections[0].client.labels;
  for (let i = 1; i < connections.length && labels.length > 0; i++) {
    const others = connections[i].client.labels;
    if (others !== labels) {
      labels = labels.filter(([key, value]) => others.some(other => other[0] === key && other[1] === value));
    }
  }
  return labels;
}

// The keys by which jacks can be grouped, best first: those that most targets have; then those that are another one for nearly each,
// which make no groups; what is attested last.
export function groupKeys(board) {
  const all = new Map();
  for (const target of board.targets.values()) {
    for (const [key, value] of target.labels) {
      if (!all.has(key)) all.set(key, { count: 0, values: new Set() });
      all.get(key).count++;
      all.get(key).values.add(value);
    }
  }
  const badness = key => {
    const { count, values } = all.get(key);
    return key.startsWith("flower.") ? 2 : count > 4 && values.size > count / 2 ? 1 : 0;
  };
  return [...all.keys()].sort((a, b) => badness(a) - badness(b) || all.get(b).count - all.get(a).count || (a < b ? -1 : 1));
}

// Whether a jack or a connection has all the words of a search.
export function matches(words, jack) {
  if (words.length === 0) return true;
  jack.text ??= [jack.command ?? "", jack.kind ?? "", jack.pid ? `pid ${jack.pid}` : "", jack.uid === undefined ? "" : `uid ${jack.uid}`,
    ...jack.labels.map(([key, value]) => `${key}=${value}`)].join("\n").toLowerCase();
  return words.every(word => jack.text.includes(word));
}
