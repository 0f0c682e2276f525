"use strict";
// Sends what a form describes, with the session of this browser or the token
// that was typed; neither is kept anywhere.
for (const form of document.querySelectorAll("form.try")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    const headers = {};
    const query = new URLSearchParams();
    let path = form.dataset.path;
    for (const input of form.querySelectorAll("input")) {
      if (input.value === "") continue;
      if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
      if (input.dataset.in === "query") query.set(input.name, input.value);
      if (input.dataset.in === "header") headers[input.name] = input.value;
    }
    const options = { method: form.dataset.method, headers, credentials: "same-origin", redirect: "manual" };
    const token = document.getElementById("token").value;
    if (token !== "") {
      headers.Authorization = `Bearer ${token}`;
      options.credentials = "omit";
    }
    const body = form.querySelector("textarea");
    if (body) {
      headers["Content-Type"] = "application/json";
      options.body = body.value;
    }
    output.textContent = "…";
    try {
      const base = location.pathname.replace(/\/docs$/, "");
      const answer = await fetch(base + path + (query.size ? `?${query}` : ""), options);
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
      const etag = answer.headers.get("ETag");
      output.textContent = `${answer.status} ${answer.statusText}${etag ? `\nETag: ${etag}` : ""}\n\n${shown}`;
    } catch (error) {
      output.textContent = `Nothing came back: ${error.message}`;
    }
  });
}
document.getElementById("who").addEventListener("submit", (event) => event.preventDefault());
