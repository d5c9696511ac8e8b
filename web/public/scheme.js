// Sets the colour scheme before the first paint, so that a dark room stays dark.
(function () {
  var stored = null;
  try { stored = localStorage.getItem('ponte.scheme'); } catch { /* storage may be blocked */ }
  var dark = stored === 'dark' || (stored !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
