// Before the first paint: the theme that the reader chose, so that nothing flashes. Not a module, as those come later.
document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
