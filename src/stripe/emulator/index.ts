export { StripeEmulator, type EmulatorOptions } from './emulator.js';
export type { FaultInjector, RequestFault, RequestFaultKind, WebhookFault } from './faults.js';
export { signatureOf, type WebhookEndpoint } from './webhook-deliverer.js';
