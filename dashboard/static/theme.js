// Light, dark, or as the system says; the choice stays in this browser.
(() => {
  const names = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };
  const wish = () => localStorage.getItem("earmark-theme") || "auto";
  const dark = () => wish() === "dark" || (wish() === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const apply = () => {
    document.documentElement.dataset.theme = dark() ? "dark" : "light";
    if (globalThis.Quasar) Quasar.Dark.set(dark());
    const button = document.getElementById("theme");
    if (button) button.textContent = names[wish()];
    dispatchEvent(new Event("earmark-theme"));
  };
  const next = { auto: "light", light: "dark", dark: "auto" };
  document.addEventListener("click", (event) => {
    if (event.target.id !== "theme") return;
    localStorage.setItem("earmark-theme", next[wish()]);
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
  addEventListener("load", () => setTimeout(apply, 50));
})();
