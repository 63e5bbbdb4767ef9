// The table of all models: sorted by a click on a column's name, searched by typing, with the columns that are chosen.
(() => {
  "use strict";
  const find = (name) => document.getElementById(`predictions-${name}`);
  const [names, ...models] = find("data").textContent.trim().split("\n").map((line) => line.split("\t"));
  const boxes = [...find("form").querySelectorAll("input[type=checkbox]")];
  const texts = ["model", "input", "remark"];
  const sorted = { by: "model", descending: false };

  // A variant whose figure is that of what it is a variant of has none of its own.
  const instead = Object.fromEntries(boxes.map((box) => [box.value, box.dataset.instead]));
  const place = Object.fromEntries(names.map((name, index) => [name, index]));
  const cell = (model, name) => model[place[name]] || (instead[name] ? model[place[instead[name]]] : "");

  const kind = (name) => (texts.includes(name) ? "text" : "number");
  const columns = () => ["model", ...boxes.filter((box) => box.checked).map((box) => box.value)];

  // A model without the figure comes last, whatever the order.
  function compare(one, other) {
    const [ours, theirs] = [cell(one, sorted.by), cell(other, sorted.by)];
    if (!ours || !theirs) return (ours ? 0 : 1) - (theirs ? 0 : 1);
    const order = kind(sorted.by) === "text" ? ours.localeCompare(theirs, "en", { numeric: true }) : Number(ours) - Number(theirs);
    return sorted.descending ? -order : order;
  }

  function head(name) {
    const header = document.createElement("th");
    header.scope = "col";
    header.className = kind(name);
    header.ariaSort = name !== sorted.by ? "none" : sorted.descending ? "descending" : "ascending";
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.name = name;
    button.textContent = name;
    const unit = boxes.find((box) => box.value === name)?.dataset.unit;
    if (unit) button.append(document.createElement("br"), unit);
    header.append(button);
    return header;
  }

  function line(model, shown) {
    const row = document.createElement("tr");
    for (const name of shown) {
      const data = document.createElement(name === "model" ? "th" : "td");
      if (name === "model") data.scope = "row";
      data.className = kind(name);
      const text = cell(model, name);
      if (kind(name) === "number") data.textContent = text.replace(/\B(?=(\d{3})+$)/g, ",") || "–";
      // A long name may go on in the next line after an underscore.
      else for (const part of text.split(/(?<=_)/)) data.append(part, document.createElement("wbr"));
      row.append(data);
    }
    return row;
  }

  function show() {
    const shown = columns();
    if (!shown.includes(sorted.by)) Object.assign(sorted, { by: "model", descending: false });
    const words = find("search").value.toLowerCase().split(/\s+/);
    const met = models.filter((model) => words.every((word) => model[0].toLowerCase().includes(word))).sort(compare);
    const row = document.createElement("tr");
    row.append(...shown.map(head));
    find("table").tHead.replaceChildren(row);
    find("table").tBodies[0].replaceChildren(...met.map((model) => line(model, shown)));
    find("count").textContent = `${met.length.toLocaleString("en")} of ${models.length.toLocaleString("en")} models`;
  }

  find("table").tHead.addEventListener("click", (event) => {
    const name = event.target.closest("button")?.dataset.name;
    if (!name) return;
    Object.assign(sorted, { by: name, descending: sorted.by === name && !sorted.descending });
    show();
    find("table").tHead.querySelector(`[data-name="${name}"]`).focus();
  });
  find("search").addEventListener("input", show);
  find("form").addEventListener("change", show);
  find("form").addEventListener("submit", (event) => event.preventDefault());
  find("form").hidden = find("scroll").hidden = false;
  show();
})();
