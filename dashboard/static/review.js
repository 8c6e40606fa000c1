// Review: sound and keys that the browser must handle at once.
function earmarkShow(path, following) {
  const player = document.getElementById("player");
  player.src = "/api/audio/" + path;
  const autoplay = document.getElementById("autoplay");
  const wish = localStorage.getItem("earmark-autoplay") !== "no";
  if (autoplay) {
    autoplay.checked = wish;
    autoplay.onchange = () => localStorage.setItem("earmark-autoplay", autoplay.checked ? "yes" : "no");
  }
  if (wish) player.play().catch(() => {});
  for (const next of following) new Image().src = "/api/pictures/" + next;
}
function earmarkPlay() {
  const player = document.getElementById("player");
  player.currentTime = 0;
  player.play().catch(() => {});
}
document.addEventListener("keydown", (event) => {
  const free = ["BODY", "MAIN", "HTML", "DIV"].includes(document.activeElement?.tagName);
  if (free && (event.key === " " || event.key === "Enter")) event.preventDefault();
});
