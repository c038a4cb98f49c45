/** Data is not to be invented here. The message says why, and what can be done. */
export class GenerationRefusedError extends Error {}
