// SPDX-License-Identifier: BSD-2-Clause
// The two sides of the panel: a button for each client and target, in groups. The buttons stay the same while what they stand for
// does, so that the focus stays where it is.
import { count, find, make, setText, wordsOf } from "./dom.js";
import { matches, stateOfJack } from "./board.js";

// With more than these, a side shows sockets alone, and the rest as a tip.
const Roomy = 60;
const Separator = "\u0000";
const inOrder = new Intl.Collator("en", { numeric: true });

export class Panel {
  // Called with a jack of a side that is opened, and with the one that is pointed at or focused, or null.
  constructor(onOpen, onPoint) {
    this.tip = find("tip");
    this.sides = ["clients", "targets"].map(name => ({
      name, element: find(name), place: find(name).querySelector(".groups"), plates: new Map(), buttons: new Map(), order: "", current: null,
    }));
    this.onPoint = onPoint;
    for (const side of this.sides) {
      side.element.addEventListener("click", event => this.at(event, jack => onOpen(side.name, jack)));
      side.element.addEventListener("keydown", event => this.move(side, event));
      side.element.addEventListener("focusin", event => this.at(event, (jack, button) => {
        this.roam(side, button);
        this.point(jack, button);
      }));
      side.element.addEventListener("pointerover", event => this.at(event, (jack, button) => this.point(jack, button)) ?? this.point(null));
      side.element.addEventListener("pointerleave", () => this.point(null));
      side.element.addEventListener("focusout", () => this.point(null));
    }
  }

  // Shows the board; true: places may be others.
  update(board, key, words) {
    const lit = this.search(board, words);
    const moved = [board.clients, board.targets].map((jacks, i) => this.updateSide(this.sides[i], jacks, key, words.length > 0 ? lit : null));
    return moved.includes(true);
  }

  search(board, words) {
    const lit = new Set();
    this.found = { clients: 0, targets: 0 };
    if (words.length === 0) return lit;
    for (const [name, jacks] of [["clients", board.clients], ["targets", board.targets]]) {
      for (const jack of jacks.values()) {
        if (matches(words, jack) || jack.connections?.some?.(connection => matches(words, connection.client))) {
          lit.add(jack);
          this.found[name]++;
        }
      }
    }
    const found = [...lit];
    for (const jack of found) {
      for (const cord of jack.cords) lit.add(cord).add(cord.client).add(cord.target);
    }
    this.lit = lit;
    return lit;
  }

  updateSide(side, jacks, key, lit) {
    const groups = new Map();
    for (const jack of jacks.values()) {
      const value = key === "" ? "" : jack.labels.find(label => label[0] === key)?.[1];
      const name = value === undefined ? "" : value + Separator;
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(jack);
    }
    // By pid or id: what else changes moves nobody.
    for (const members of groups.values()) members.sort((a, b) => inOrder.compare(a.id, b.id));
    const names = [...groups.keys()].sort((a, b) => (a === "") - (b === "") || inOrder.compare(a, b) || (a < b ? -1 : 1));
    const dense = jacks.size > Roomy;
    let order = `${dense} ${key}`;
    for (const name of names) order += Separator + name + groups.get(name).map(jack => jack.id).join(Separator);
    const moved = order !== side.order;
    for (const id of [...side.buttons.keys()]) {
      if (!jacks.has(id)) side.buttons.delete(id);
    }
    for (const name of names) {
      for (const jack of groups.get(name)) this.show(side, jack, key, lit);
    }
    if (moved) this.arrange(side, names, groups, key, dense, jacks.size);
    side.order = order;
    return moved;
  }

  arrange(side, names, groups, key, dense, size) {
    const focused = side.element.contains(document.activeElement);
    side.element.classList.toggle("dense", dense);
    side.element.classList.toggle("many", size > 4 * Roomy);
    side.element.classList.toggle("none", size === 0);
    side.place.replaceChildren(...names.map(name => {
      const members = groups.get(name);
      const title = key === "" ? count(members.length, side.name.slice(0, -1))
        : `${name === "" ? `without ${key}` : `${key}=${name.slice(0, -1)}`} · ${members.length}`;
      // The key stands in the choice above, and room is scarce.
      const caption = dense && name !== "" ? `${name.slice(0, -1) || '""'} · ${members.length}` : title;
      const plate = make("section", { class: "plate", "aria-label": title }, make("h3", {}, caption),
        make("div", { class: "jacks" }, ...members.map(jack => side.buttons.get(jack.id))));
      plate.firstChild.title = plate.getAttribute("aria-label");
      return plate;
    }));
    if (!side.current?.isConnected) {
      side.current = side.element.querySelector(".jack");
      if (side.current) side.current.tabIndex = 0;
      if (focused) (side.current ?? find("panel")).focus();
    } else if (focused) {
      side.current.focus();
    }
  }

  show(side, jack, key, lit) {
    let button = side.buttons.get(jack.id);
    if (!button) {
      button = make("button", { class: "jack" }, make("span", { class: "socket" }), make("span", { class: "name" }), make("span", { class: "sub" }));
      button.type = "button";
      button.tabIndex = -1;
      side.buttons.set(jack.id, button);
    }
    button.jack = jack;
    const state = stateOfJack(jack);
    if (button.dataset.state !== state) button.dataset.state = state;
    const [name, sub] = side.name === "clients" ? clientText(jack, key) : targetText(jack, key);
    setText(button.children[1], name);
    setText(button.children[2], sub);
    const label = `${name}, ${sub}${state === "refused" ? ", refused lately" : ""}`;
    if (button.said !== label) {
      button.said = label;
      button.setAttribute("aria-label", button.children[1].textContent + ", " + button.children[2].textContent + (state === "refused" ? ", refused lately" : ""));
    }
    button.classList.toggle("dim", lit !== null && !lit.has(jack));
  }

  at(event, act) {
    const button = event.target.closest?.(".jack");
    return button ? (act(button.jack, button), true) : null;
  }

  point(jack, button) {
    this.onPoint(jack);
    const dense = button?.closest(".dense");
    this.tip.hidden = !dense;
    if (dense) {
      const [name, sub] = [...button.children].slice(1).map(child => child.textContent);
      this.tip.textContent = `${name} · ${sub}`;
      const box = button.getBoundingClientRect();
      const own = this.tip.getBoundingClientRect();
      this.tip.style.left = `${Math.max(8, Math.min(box.left, innerWidth - own.width - 8))}px`;
      this.tip.style.top = `${box.bottom + own.height + 8 > innerHeight ? box.top - own.height - 6 : box.bottom + 6}px`;
    }
  }

  roam(side, button) {
    if (side.current && side.current !== button) side.current.tabIndex = -1;
    button.tabIndex = 0;
    side.current = button;
  }

  // Arrows go to the nearest jack in their direction, over the whole panel.
  move(side, event) {
    const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    const all = [...side.element.querySelectorAll(".jack")];
    let next = { Home: all[0], End: all.at(-1) }[event.key];
    const from = event.target.closest(".jack");
    if (way && from) next = nearest(from, way);
    if (next) {
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  }

  // The middle of each socket, as seen from the panel.
  places(origin) {
    const places = new Map();
    for (const side of this.sides) {
      for (const [id, button] of side.buttons) {
        const box = button.firstChild.getBoundingClientRect();
        places.set(`${side.name} ${id}`, { x: box.left + box.width / 2 - origin.left, y: box.top + box.height / 2 - origin.top });
      }
    }
    return places;
  }

  buttonOf(name, id) {
    return this.sides.find(side => side.name === name).buttons.get(id);
  }
}

function nearest(from, [dx, dy]) {
  const middle = element => {
    const box = element.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(from);
  let best = null;
  let least = Infinity;
  for (const other of document.querySelectorAll("#panel .jack")) {
    const [ox, oy] = middle(other);
    const ahead = (ox - x) * dx + (oy - y) * dy;
    const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
    if (ahead > 2 && ahead + 3 * aside < least) {
      least = ahead + 3 * aside;
      best = other;
    }
  }
  return best;
}

const stated = (labels, key) => wordsOf(labels.filter(label => label[0] !== key && !label[0].startsWith("flower.")));

export function targetText(target, key) {
  const words = [...stated(target.labels, key), ...(target.required ?? []).map(required => `+${required}`)];
  const own = target.labels.find(label => label[0] === key);
  const taken = target.cords.reduce((sum, cord) => sum + cord.connections.length, 0);
  const state = target.gone ? "has gone" : target.draining ? "drains" : "";
  const sub = [target.kind, state, target.command ?? "", taken > 0 ? `${taken} open` : ""].filter(part => part !== "");
  return [words.join(" ") || (own ? wordsOf([own])[0] : "without labels"), sub.join(" · ")];
}

export function clientText(client, key) {
  const open = client.connections.length;
  const sub = [...stated(client.labels, key), open > 0 ? `${open} open` : client.refused ? "refused" : ""].filter(part => part !== "");
  return [`${client.command ?? "pid"} ${client.pid}`, sub.join(" · ") || `uid ${client.uid}`];
}
