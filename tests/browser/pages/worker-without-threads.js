/** A page's own worker whose threads fail before they can answer. */
import './refuse-threads.js';
import '/pkg/worker.js';
