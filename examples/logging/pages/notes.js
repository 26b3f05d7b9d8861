// Talks to the API. CloudFront signs what it sends to a function URL, but not the body: whoever sends one says its hash.
"use strict";

const list = document.getElementById("notes");
const trouble = document.getElementById("trouble");

async function hash(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function show() {
  const answer = await fetch("/api/notes");
  const items = (await answer.json()).map((note) => {
    const item = document.createElement("li");
    item.textContent = note.text;
    return item;
  });
  list.replaceChildren(...items);
}

document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = JSON.stringify({ text: form.text.value });
  const headers = { "Content-Type": "application/json", "X-Amz-Content-Sha256": await hash(body) };
  const answer = await fetch("/api/notes", { method: "POST", headers, body });
  trouble.textContent = answer.ok ? "" : `The note was not kept (${answer.status}).`;
  if (answer.ok) form.reset();
  await show();
});

show();
