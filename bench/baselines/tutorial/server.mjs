/**
 * The same product as a tutorial would build it in an afternoon: Express, Prisma, one statement after the other, each
 * rule where it is needed. Nothing is done badly on purpose: there are indexes, a unique user, a check for duplicates.
 */
import { PrismaPg } from '@prisma/adapter-pg';
import express from 'express';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import Stripe from 'stripe';

/** Generated for the bench (scripts/bench.mjs), so it is not there when this file is looked at. */
const CLIENT = './client/index.js';
const { PrismaClient } = (await import(CLIENT)).default;

const COOKIE_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 20 }) });
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY);
const app = express();
app.set('trust proxy', 1);

passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: process.env.JWT_SECRET,
      audience: 'fairshare',
    },
    (claims, done) => done(null, claims),
  ),
);

app.get('/r/:code', async (req, res) => {
  const affiliate = await prisma.affiliate.findUnique({ where: { code: req.params.code.toUpperCase() } });
  if (!affiliate || affiliate.status !== 'active') return res.redirect(process.env.SITE_URL);
  const click = await prisma.click.create({
    data: {
      affiliateId: affiliate.id,
      ip: req.ip,
      userAgent: req.headers['user-agent'],
      referrer: req.headers.referer,
    },
  });
  await prisma.affiliate.update({ where: { id: affiliate.id }, data: { clickCount: { increment: 1 } } });
  res.cookie('fs_click', click.id, { maxAge: COOKIE_WINDOW_MS, httpOnly: true, sameSite: 'lax' });
  return res.redirect(`${process.env.SITE_URL}/?ref=${affiliate.code}&click_id=${click.id}`);
});

app.post('/stripe/webhooks', express.raw({ type: 'application/json' }), async (req, res) => {
  let event;
  try {
    event = stripe.webhooks.constructEvent(
      req.body,
      req.headers['stripe-signature'],
      process.env.STRIPE_WEBHOOK_SECRETS,
    );
  } catch (error) {
    return res.status(400).send(`Webhook Error: ${error.message}`);
  }
  if (event.type === 'invoice.paid') {
    const invoice = event.data.object;
    const existing = await prisma.commission.findFirst({ where: { invoiceId: invoice.id } });
    if (existing) return res.json({ received: true });
    const userId = invoice.parent?.subscription_details?.metadata?.userId;
    const referral =
      (await prisma.referral.findUnique({ where: { stripeCustomerId: invoice.customer } })) ??
      (await prisma.referral.findUnique({ where: { userId } }));
    if (referral && invoice.amount_paid > 0) {
      const affiliate = await prisma.affiliate.findUnique({ where: { id: referral.affiliateId } });
      const amount = Math.floor(invoice.amount_paid * affiliate.rate);
      await prisma.commission.create({
        data: { affiliateId: affiliate.id, referralId: referral.id, invoiceId: invoice.id, amount },
      });
      await prisma.affiliate.update({ where: { id: affiliate.id }, data: { balance: { increment: amount } } });
      await prisma.referral.update({
        where: { id: referral.id },
        data: { status: 'paid', mrr: invoice.amount_paid, stripeCustomerId: invoice.customer },
      });
    }
  }
  return res.json({ received: true });
});

app.use(express.json());

app.post('/v1/referrals', passport.authenticate('jwt', { session: false }), async (req, res) => {
  const { referredUserId, clickId, code, ip, email } = req.body;
  const click = clickId ? await prisma.click.findUnique({ where: { id: clickId } }) : null;
  if (click && Date.now() - click.createdAt.getTime() > COOKIE_WINDOW_MS) {
    return res.json({ attributed: false, reason: 'click_expired' });
  }
  const affiliate = click
    ? await prisma.affiliate.findUnique({ where: { id: click.affiliateId } })
    : await prisma.affiliate.findUnique({ where: { code } });
  if (!affiliate || affiliate.status !== 'active') return res.json({ attributed: false, reason: 'affiliate_inactive' });
  if (affiliate.userId === referredUserId || affiliate.email === email?.trim().toLowerCase()) {
    return res.json({ attributed: false, reason: 'self_referral' });
  }
  if (click && click.ip === ip) return res.json({ attributed: false, reason: 'click_ip_match' });
  const existing = await prisma.referral.findUnique({ where: { userId: referredUserId } });
  if (existing) return res.json({ attributed: existing.affiliateId === affiliate.id, reason: 'already_referred' });
  const referral = await prisma.referral.create({
    data: { affiliateId: affiliate.id, clickId: click?.id, userId: referredUserId, email },
  });
  const clicks = await prisma.click.groupBy({ by: ['ip'], where: { affiliateId: affiliate.id } });
  const referrals = await prisma.referral.count({ where: { affiliateId: affiliate.id } });
  if (clicks.length >= 20 && referrals / clicks.length > 0.3) {
    const open = await prisma.reviewCase.findFirst({ where: { affiliateId: affiliate.id, reason: 'conversion_rate' } });
    if (!open) await prisma.reviewCase.create({ data: { affiliateId: affiliate.id, reason: 'conversion_rate' } });
  }
  return res.status(201).json({ attributed: true, referral });
});

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
