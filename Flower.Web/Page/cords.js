// SPDX-License-Identifier: BSD-2-Clause
// The cords, on one canvas under the jacks, and those that are pointed at or chosen on another one above it. Each is drawn again
// only when something on it has changed: scrolling moves it as it is.
const MaxPixels = 16_000_000;
const Chunk = 64;
const Few = 400;
const Samples = 24;
const Near = 7;

// Thousands of cords are not drawn more often than that, in milliseconds, and so that four fifths of the time are left.
const Pause = 250;
const Share = 5;

export class Cords {
  constructor(panel, canvas, marked) {
    this.panel = panel;
    this.canvas = canvas;
    this.marked = marked;
    this.lines = [];
    this.waiting = false;
    this.drawn = 0;
    this.cost = 0;
    this.state = { board: null, places: new Map(), lit: null, pointed: null, chosen: null };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.set({}));
  }

  // All is drawn again.
  set(change) {
    Object.assign(this.state, change);
    if (this.waiting) return;
    this.waiting = true;
    const due = this.lines.length > Few ? Math.max(0, this.drawn + Math.max(Pause, this.cost * Share) - performance.now()) : 0;
    setTimeout(() => requestAnimationFrame(() => {
      this.waiting = false;
      const start = this.drawn = performance.now();
      this.draw();
      this.canvas.dataset.cords = this.lines.length;
      // When the next frame begins, the browser has painted it.
      requestAnimationFrame(() => {
        this.cost = performance.now() - start;
        this.canvas.dataset.milliseconds = this.cost.toFixed(1);
      });
    }), due);
  }

  // What is pointed at or chosen is drawn again.
  mark(change) {
    const before = [this.state.pointed, this.state.chosen];
    Object.assign(this.state, change);
    if (this.marking || (before[0] === this.state.pointed && before[1] === this.state.chosen)) return;
    this.marking = true;
    requestAnimationFrame(() => {
      this.marking = false;
      this.drawMarked();
    });
  }

  fit(canvas) {
    const width = this.panel.clientWidth;
    const height = this.panel.clientHeight;
    // A very long panel is drawn less finely instead of taking memory without end.
    const scale = Math.min(devicePixelRatio || 1, Math.sqrt(MaxPixels / Math.max(1, width * height)));
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  draw() {
    this.context = this.fit(this.canvas);
    this.lines = [];
    const { board, places, lit } = this.state;
    if (!board) return;
    for (const cord of board.cords.values()) {
      const from = places.get(`clients ${cord.client.id}`);
      const to = places.get(`targets ${cord.target.id}`);
      if (from && to) this.lines.push({ cord, curve: hang(from, to) });
    }
    this.layers(this.lines, ({ cord }) => lit && !lit.has(cord) ? 0 : 1);
    this.drawMarked();
  }

  drawMarked() {
    const { pointed, chosen } = this.state;
    const marked = pointed || chosen ? this.lines.filter(({ cord }) => this.isMarked(cord)) : [];
    this.canvas.classList.toggle("back", Boolean(pointed) && marked.length > 0);
    this.marked.hidden = marked.length === 0;
    if (marked.length === 0) return;
    this.context = this.fit(this.marked);
    this.layers(marked, () => 2);
  }

  isMarked(cord) {
    return [this.state.pointed, this.state.chosen].some(jack =>
      jack && (jack.id === cord.client.id || jack.id === cord.target.id || jack === cord.id));
  }

  // Levels: 0: dimmed; 1: as usual; 2: marked.
  layers(lines, levelOf) {
    const style = getComputedStyle(document.documentElement);
    const layers = new Map();
    for (const line of lines) {
      const layer = `${levelOf(line)} ${line.cord.state}`;
      if (!layers.has(layer)) layers.set(layer, []);
      layers.get(layer).push(line);
    }
    // What is dimmed comes first, so that the rest lies on top.
    for (const name of [...layers.keys()].sort()) {
      const [level, state] = name.split(" ");
      this.stroke(layers.get(name), style.getPropertyValue(`--${state}`), Number(level), state, this.lines.length > Few);
    }
    this.context.globalAlpha = 1;
  }

  stroke(lines, colour, level, state, many) {
    const context = this.context;
    context.strokeStyle = colour;
    context.lineCap = "round";
    context.setLineDash(state === "refused" ? [2, 6] : state === "half" ? [9, 5] : []);
    // The more there are, the fainter: what is common shows as a tint, and what is marked stands out.
    const usual = many ? Math.max(0.1, 0.4 * Math.sqrt(Few / this.lines.length)) : 0.85;
    context.globalAlpha = level === 0 ? (many ? 0.03 : 0.12) : level === 2 ? 1 : usual;
    const thin = many ? 1 : 2.5;
    // Several at a time: one call for each is slow, and one path of thousands of curves slower still.
    for (const width of [1, 2, 3]) {
      const same = lines.filter(({ cord }) => weight(cord) === width);
      context.lineWidth = thin + (width - 1) * (many ? 0.75 : 1.5) + (level === 2 ? 1 : 0);
      for (let i = 0; i < same.length; i += Chunk) {
        context.beginPath();
        for (const { curve } of same.slice(i, i + Chunk)) {
          context.moveTo(curve[0], curve[1]);
          context.bezierCurveTo(curve[2], curve[3], curve[4], curve[5], curve[6], curve[7]);
        }
        context.stroke();
      }
    }
  }

  // The cord at a point of the panel; null: none.
  at(x, y) {
    let best = null;
    let least = Near;
    for (const { cord, curve } of this.lines) {
      const [low, high] = [Math.min(curve[1], curve[7]) - Near, Math.max(curve[3], curve[5]) + Near];
      if (y < low || y > high) continue;
      for (let i = 0; i <= Samples; i++) {
        const [px, py] = pointOn(curve, i / Samples);
        const [qx, qy] = pointOn(curve, Math.min(1, (i + 1) / Samples));
        const distance = toSegment(x, y, px, py, qx, qy);
        if (distance < least) {
          least = distance;
          best = cord;
        }
      }
    }
    return best;
  }
}

const weight = cord => cord.connections.length > 20 ? 3 : cord.connections.length > 1 ? 2 : 1;

// As a cord hangs between two jacks: a little lower in the middle.
function hang(from, to) {
  const width = to.x - from.x;
  const sag = 14 + Math.min(46, Math.abs(width) * 0.06);
  return [from.x, from.y, from.x + width * 0.35, from.y + sag, to.x - width * 0.35, to.y + sag, to.x, to.y];
}

function pointOn([ax, ay, bx, by, cx, cy, dx, dy], t) {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [a * ax + b * bx + c * cx + d * dx, a * ay + b * by + c * cy + d * dy];
}

function toSegment(x, y, px, py, qx, qy) {
  const [dx, dy] = [qx - px, qy - py];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - px) * dx + (y - py) * dy) / length));
  return Math.hypot(x - px - t * dx, y - py - t * dy);
}
