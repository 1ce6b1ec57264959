"use strict";
(() => {
  const grid = document.getElementById("grid"), body = grid.tBodies[0], heads = [...grid.tHead.rows[0].cells];
  const data = JSON.parse(document.getElementById("data").textContent);
  const rows = [...body.rows], count = document.getElementById("count");
  const find = document.getElementById("find"), show = document.getElementById("show"), wanted = document.getElementById("for");
  const dialog = document.getElementById("evidence");
  let current = null;

  // What a cell shows: [exercise, word, score, maximum, lost criteria, misconception]. A full cell has none.
  const evidence = (cell) => cell.dataset.e === undefined ? null : data.evidence[cell.dataset.e];
  const share = (cell) => {
    const found = evidence(cell);
    return found === null ? 1 : found[3] ? found[2] / found[3] - (found[1] === "none" ? 2 : found[1] === "not_started" ? 1 : 0) : -2;
  };
  const key = (row, column) => column === 0 ? row.cells[0].textContent.toLocaleLowerCase()
    : column === 1 ? Number(row.dataset.s) : share(row.cells[column]);

  const sort = (column) => {
    const head = heads[column], down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row, place) => [key(row, column), place, row]);
    keyed.sort((a, b) => (column === 0 ? a[0].localeCompare(b[0]) : a[0] - b[0]) * (down ? -1 : 1) || a[1] - b[1]);
    const all = document.createDocumentFragment();
    keyed.forEach((entry) => all.append(entry[2]));
    body.append(all);
  };

  const fits = (row) => {
    if (!row.cells[0].textContent.toLocaleLowerCase().includes(find.value.trim().toLocaleLowerCase())) return false;
    if (show.value === "need" && row.dataset.n === undefined) return false;
    const cells = [...row.cells].slice(2);
    if (show.value === "open" && cells.every((cell) => evidence(cell) === null)) return false;
    return !wanted.value || cells.some((cell) => { const found = evidence(cell);
      return found !== null && found[5] && data.exercises[found[0]][0] + "/" + found[5] === wanted.value; });
  };
  const filter = () => {
    let shown = 0;
    rows.forEach((row) => { row.hidden = !fits(row); shown += row.hidden ? 0 : 1; });
    count.textContent = shown + " of " + rows.length + " students shown";
  };

  const describe = (cell) => {
    const column = cell.cellIndex, student = cell.parentNode.cells[0].textContent;
    const [id, name, criteria, most] = data.exercises[column - 2];
    const found = evidence(cell) || [column - 2, "passed", most, most, [], ""];
    return { student, name: id + " " + name, criteria, word: data.words[found[1]], score: found[2], most: found[3],
      lost: found[4], title: found[5] ? data.mistakes[id + "/" + found[5]] : "" };
  };
  const sentence = (d) => d.student + ", " + d.name + ": " + d.word + (d.most ? ", " + d.score + " of " + d.most + " points" : "");

  const move = (cell) => {
    if (current) current.tabIndex = -1;
    current = cell;
    cell.tabIndex = 0;
    if (cell.cellIndex > 1) cell.setAttribute("aria-label", sentence(describe(cell)));
  };
  const line = (parent, tag, text) => { const made = document.createElement(tag); made.textContent = text; parent.append(made); return made; };
  const open = (cell) => {
    if (!cell || cell.cellIndex < 2) return;
    const d = describe(cell), box = document.getElementById("evidence-b");
    document.getElementById("evidence-h").textContent = d.student + ": " + d.name;
    box.replaceChildren();
    line(box, "p", d.word + (d.most ? ", " + d.score + " of " + d.most + " points" : ""));
    if (d.title) line(box, "p", "Misconception: " + d.title);
    if (d.lost.length) {
      line(box, "p", "Checks that were not won:");
      const list = line(box, "ul", "");
      d.lost.forEach((name) => line(list, "li", name + " (" + d.criteria[name][1] + "): " + d.criteria[name][0]));
    }
    dialog.showModal();
    document.getElementById("evidence-h").focus();
  };

  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const target = (cell, pressed) => {
    if (pressed === "Home") return cell.parentNode.cells[2];
    if (pressed === "End") return cell.parentNode.cells[cell.parentNode.cells.length - 1];
    const [down, right] = steps[pressed];
    if (right) { const next = cell.parentNode.cells[cell.cellIndex + right]; return next && next.cellIndex > 1 ? next : null; }
    let row = cell.parentNode;
    do { row = down > 0 ? row.nextElementSibling : row.previousElementSibling; } while (row && row.hidden);
    return row ? row.cells[cell.cellIndex] : null;
  };
  body.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || cell.cellIndex < 2) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(cell); return; }
    if (!(event.key in steps) && event.key !== "Home" && event.key !== "End") return;
    event.preventDefault();
    const next = target(cell, event.key);
    if (next) { move(next); next.focus(); next.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  });
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell && cell.cellIndex > 1) { move(cell); cell.focus(); open(cell); }
  });
  body.addEventListener("focusin", (event) => { const cell = event.target.closest("td"); if (cell && cell !== current) move(cell); });
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => sort(column)));
  find.addEventListener("input", filter);
  [show, wanted].forEach((choice) => choice.addEventListener("change", filter));
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  document.querySelector(".controls").hidden = false;
  if (rows.length && rows[0].cells.length > 2) move(rows[0].cells[2]);
  filter();
})();
