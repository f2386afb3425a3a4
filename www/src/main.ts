import { Status } from './status.ts';
import { Models } from './models.ts';
import { settings, chooseDevice } from './settings.ts';
import { startTabs } from './tabs.ts';
import { startSummarize } from './summarize.ts';
import { startSearch } from './search.ts';
import { startChat } from './chat.ts';
import { startModerate } from './moderate.ts';
import { part } from './dom.ts';

const status = new Status(part(document, 'aside', HTMLElement));
const models = new Models(status);

const device = part(document, '#device', HTMLSelectElement);
device.value = settings.device;
device.addEventListener('change', () => {
  chooseDevice(device.value);
  models.reset();
});

startTabs(part(document, '[role=tablist]', HTMLElement));
startSummarize(part(document, '#summarize', HTMLElement), models);
startSearch(part(document, '#search', HTMLElement), models);
startChat(part(document, '#chat', HTMLElement), models);
startModerate(part(document, '#moderate', HTMLElement), models);
