export { StripeEmulator, type EmulatorOptions } from './emulator.js';
export type { RequestFault, RequestFaultKind } from './faults.js';
export { signatureOf } from './webhook-deliverer.js';
