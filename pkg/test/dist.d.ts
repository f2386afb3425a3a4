/** The built package; run.mjs resolves it. */
declare module '#dist';
