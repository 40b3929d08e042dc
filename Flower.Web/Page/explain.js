// SPDX-License-Identifier: BSD-2-Clause
// The dialogue: what a connect with these labels would be answered, and why.
import { find, make, wordsOf } from "./dom.js";
import { ask } from "./stream.js";

export class Explain {
  constructor() {
    this.dialog = find("explain");
    find("explain-open").addEventListener("click", () => this.open());
    find("explain-close").addEventListener("click", () => this.dialog.close());
    find("explain-form").addEventListener("submit", event => {
      event.preventDefault();
      this.answer();
    });
  }

  open(told) {
    if (told) {
      find("explain-words").value = [...wordsOf(told.labels.filter(([key]) => !key.startsWith("flower.client_"))),
        ...told.required.map(key => `+${key}`)].map(quoted).join(" ");
      find("explain-ingress").checked = Boolean(told.ingress);
      this.answer();
    }
    if (!this.dialog.open) this.dialog.showModal();
    find("explain-words").focus();
  }

  async answer() {
    const asked = this.asked = {};
    const place = find("explain-answer");
    let parts;
    try {
      const answer = await ask("explain", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ words: split(find("explain-words").value), ingress: find("explain-ingress").checked }),
      });
      parts = shownAnswer(await answer.json());
    } catch (failure) {
      parts = [make("p", { class: "verdict" }, failure.message)];
    }
    // A later question may have been answered first.
    if (asked === this.asked) place.replaceChildren(...parts);
  }
}

// Words as a shell would take them apart, with double quotes only.
export function split(text) {
  const words = [];
  for (const [word] of text.matchAll(/(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+/g)) {
    words.push(word.replace(/"((?:[^"\\]|\\.)*)"?/g, (_, inner) => inner.replace(/\\(.)/g, "$1")));
  }
  return words;
}

const quoted = word => /[\s"]/.test(word) ? `"${word.replace(/["\\]/g, "\\$&")}"` : word;

function shownAnswer(answer) {
  const manner = answer.status === "OK" ? "good" : answer.status === "UNKNOWN" || answer.waits ? "open-question" : "";
  const words = answer.status === "OK" ? "Would be offered to a target."
    : answer.status === "UNKNOWN" ? `Not known: ${answer.message}` : `Would fail with ${answer.status}: ${answer.message}`;
  const rows = answer.targets.map(target => make("li", {},
    make("strong", {}, target.standing),
    make("span", {}, `${target.kind} ${wordsOf(target.labels.filter(([key]) => !key.startsWith("flower."))).join(" ")}`),
    ...(target.why.length > 0 ? [make("p", { class: "why" }, target.why.join("; "))] : [])));
  const more = answer.count - answer.targets.length;
  return [
    make("p", { class: `verdict ${manner}` }, words),
    make("p", { class: "hint" }, `States ${[...wordsOf(answer.labels), ...answer.required.map(key => `+${key}`)].join(" ") || "nothing"}.`),
    ...answer.resolvers.map(line => make("p", { class: "hint" }, line)),
    make("ol", { class: "standings" }, ...rows),
    ...(more > 0 ? [make("p", { class: "hint" }, `And ${more} more, which are further from a match.`)] : []),
  ];
}
