import { DomainError } from '../../common/domain-error.js';

export function webhookEndpointNotFound(): DomainError {
  return new DomainError('not_found', 'webhook_endpoint_not_found', 'There is no such webhook endpoint.');
}

export function webhookDeliveryNotFound(): DomainError {
  return new DomainError(
    'not_found',
    'webhook_delivery_not_found',
    'There is no such delivery, or it is older than 90 days.',
  );
}

export function webhookEndpointDisabled(endpointId: string): DomainError {
  return new DomainError(
    'rule',
    'webhook_endpoint_disabled',
    'The endpoint is disabled: enable it by PATCH with status "enabled", and it gets everything it missed.',
    { endpointId },
  );
}

export function tooManyWebhookEndpoints(max: number): DomainError {
  return new DomainError(
    'rule',
    'too_many_webhook_endpoints',
    `There are ${max} webhook endpoints already; delete one first.`,
    { max },
  );
}
