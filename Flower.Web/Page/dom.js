// SPDX-License-Identifier: BSD-2-Clause
// Elements are made here, and nowhere else: whatever a label says becomes text, never markup.

export const find = id => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") {
      element.className = value;
    } else if (name.startsWith("aria-") || name.startsWith("data-") || name === "role") {
      element.setAttribute(name, value);
    } else if (name === "onclick") {
      element.addEventListener("click", value);
    }
  }
  element.append(...children.map(child => child instanceof Node ? child : shown(String(child))));
  return element;
}

// Control characters, and those that turn the order of letters about, would let a label look like another one.
export const shown = text => text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd");

export const wordsOf = labels => labels.map(([key, value]) => `${key}=${value}`);

export function setText(element, text) {
  const safe = shown(text);
  if (element.textContent !== safe) {
    element.textContent = safe;
  }
}

export function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

export const clock = time => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

export const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
