addEventListener('message', (event) => {
  if (!event.data.thread) return;
  event.stopImmediatePropagation(); // the package would start it
  throw new Error('this worker refuses threads');
});
