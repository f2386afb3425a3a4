import { serve, type Scope } from './engine/serve.js';

serve(globalThis as unknown as Scope);
