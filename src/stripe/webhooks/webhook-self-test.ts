import type { Server } from 'node:http';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import inject from 'light-my-request';
import Stripe from 'stripe';
import { Clock } from '../../common/clock.js';
import { StripeConnection } from '../stripe-connection.js';

/**
 * Signed, and no event, so that nothing is stored. Whoever parses it and writes it again makes other bytes of it: the
 * spaces, the trailing zero, the escape and the repeated key would all be lost.
 */
const PROBE = '{ "object": "fairshare.probe",\n  "amount": 1.00, "name": "\\u00e9", "name": "é" }\n';
/** What the verifier says of a body whose signature is right and that is no event. */
const RIGHT_ANSWER = 'webhook_not_an_event';

/** Webhooks are answered before the application's routes; those whose address has something behind it, by its routes. */
const URLS = ['/stripe/webhooks', '/stripe/webhooks?probe'];

/** Every webhook would be refused: the service must not start. */
export class WebhookPathError extends Error {}

/**
 * Proves at start that the bytes of a webhook reach the verifier as they came, by a signed probe through all of the
 * HTTP stack: hooks, body parsers and routing. A parser that gets in between is a mistake of a day, and the events that
 * are refused because of it are money.
 */
@Injectable()
export class WebhookSelfTest {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly connection: StripeConnection,
    private readonly stripe: Stripe,
    private readonly clock: Clock,
  ) {}

  /**
   * Needs no network and stores nothing. Without a webhook secret there is nothing to prove: no webhook can be verified.
   * @throws WebhookPathError when other bytes arrive, or none.
   */
  async run(): Promise<void> {
    const [secret] = this.connection.webhookSecrets;
    if (secret === undefined) return;
    const timestamp = Math.floor(this.clock.now().getTime() / 1000);
    const signature = this.stripe.webhooks.generateTestHeaderString({ payload: PROBE, secret, timestamp });
    const { httpAdapter } = this.http;
    await httpAdapter.getInstance<FastifyInstance>().ready();
    const server = httpAdapter.getHttpServer() as Server;
    for (const url of URLS) {
      const answer = await inject((request, response) => void server.emit('request', request, response), {
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
        payload: PROBE,
      });
      if (answer.json<{ error?: { code?: string } }>().error?.code === RIGHT_ANSWER) continue;
      throw new WebhookPathError(
        'The bytes of a webhook do not reach the check of its signature unchanged, so every event of Stripe would be ' +
          `refused: something reads or parses the body of POST ${url} before. The probe that the service sent ` +
          `itself was answered ${answer.statusCode}: ${answer.body}`,
      );
    }
  }
}
