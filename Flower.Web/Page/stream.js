// SPDX-License-Identifier: BSD-2-Clause
// The way to `flower web`. The token comes in the fragment of the URL, which a browser sends to nobody, and goes in a header: a
// cookie would be sent to every other port of this address as well.

const Key = "flower-token";
const Retry = 1000;

function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(Key, given);
    // Not left where it would be seen, copied or kept in a history.
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(Key) ?? "";
}

let token = takeToken();
addEventListener("hashchange", () => { token = takeToken(); });

export async function ask(path, options = {}) {
  const answer = await fetch(path, {
    ...options,
    headers: { ...options.headers, Authorization: `Bearer ${token}` },
    cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
  });
  if (!answer.ok) {
    throw Object.assign(new Error((await answer.text()).trim() || answer.statusText), { status: answer.status });
  }
  return answer;
}

// Gives each message of /events to `onMessage`, for ever; `onLost` is told when there are none, and why.
export async function follow(onMessage, onLost) {
  for (;;) {
    try {
      const answer = await ask("events");
      await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), onMessage);
      onLost("flower web has ended");
    } catch (failure) {
      onLost(failure.status === 401
        ? "the token is wrong: open the URL that flower web has printed"
        : failure.status ? failure.message : "flower web does not answer");
    }
    await new Promise(resolve => setTimeout(resolve, Retry));
  }
}

async function read(reader, onMessage) {
  let rest = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // A message may come in hundreds of pieces: they are joined once.
    const parts = value.split("\n\n");
    rest.push(parts[0]);
    for (let i = 1; i < parts.length; i++) {
      const block = rest.join("");
      rest = [parts[i]];
      if (block.startsWith("data: ")) onMessage(JSON.parse(block.slice(6)));
    }
  }
}
