// Before anything is drawn, so that a chosen theme does not flash.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("hookstream-theme");
  } catch {
    chosen = null; // storage is denied: the system's preference holds
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
