// Hides the rows of the table "everybody" that lack a word of the search, or have another status. Without scripts the
// fields stay hidden and the table is whole.
addEventListener("DOMContentLoaded", () => {
  const [fields, words, status, found] = ["fields", "words", "status", "found"].map((id) => document.getElementById(id));
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const row of document.querySelectorAll("#everybody tbody tr")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(wanted.every((word) => text.includes(word)) && (!status.value || row.dataset.status === status.value));
      count += !row.hidden;
    }
    found.textContent = count + " shown";
  };
  fields.hidden = false;
  words.addEventListener("input", show);
  status.addEventListener("change", show);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
});
