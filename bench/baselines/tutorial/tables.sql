-- What `prisma migrate dev` makes of schema.prisma beside this file.
CREATE TABLE "Affiliate" ("id" TEXT NOT NULL, "userId" TEXT NOT NULL, "email" TEXT NOT NULL, "code" TEXT NOT NULL, "status" TEXT NOT NULL DEFAULT 'active', "rate" DOUBLE PRECISION NOT NULL DEFAULT 0.2, "balance" INTEGER NOT NULL DEFAULT 0, "clickCount" INTEGER NOT NULL DEFAULT 0, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "Affiliate_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Click" ("id" TEXT NOT NULL, "affiliateId" TEXT NOT NULL, "ip" TEXT NOT NULL, "userAgent" TEXT, "referrer" TEXT, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "Click_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Referral" ("id" TEXT NOT NULL, "affiliateId" TEXT NOT NULL, "clickId" TEXT, "userId" TEXT NOT NULL, "email" TEXT, "stripeCustomerId" TEXT, "status" TEXT NOT NULL DEFAULT 'trial', "mrr" INTEGER NOT NULL DEFAULT 0, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "Referral_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Commission" ("id" TEXT NOT NULL, "affiliateId" TEXT NOT NULL, "referralId" TEXT NOT NULL, "invoiceId" TEXT NOT NULL, "amount" INTEGER NOT NULL, "status" TEXT NOT NULL DEFAULT 'pending', "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "Commission_pkey" PRIMARY KEY ("id"));
CREATE TABLE "ReviewCase" ("id" TEXT NOT NULL, "affiliateId" TEXT NOT NULL, "reason" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, CONSTRAINT "ReviewCase_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "Affiliate_userId_key" ON "Affiliate"("userId");
CREATE UNIQUE INDEX "Affiliate_code_key" ON "Affiliate"("code");
CREATE INDEX "Click_affiliateId_idx" ON "Click"("affiliateId");
CREATE UNIQUE INDEX "Referral_userId_key" ON "Referral"("userId");
CREATE UNIQUE INDEX "Referral_stripeCustomerId_key" ON "Referral"("stripeCustomerId");
CREATE INDEX "Referral_affiliateId_idx" ON "Referral"("affiliateId");
CREATE INDEX "Commission_affiliateId_idx" ON "Commission"("affiliateId");
CREATE INDEX "Commission_invoiceId_idx" ON "Commission"("invoiceId");
ALTER TABLE "Click" ADD CONSTRAINT "Click_affiliateId_fkey" FOREIGN KEY ("affiliateId") REFERENCES "Affiliate"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Referral" ADD CONSTRAINT "Referral_affiliateId_fkey" FOREIGN KEY ("affiliateId") REFERENCES "Affiliate"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Commission" ADD CONSTRAINT "Commission_affiliateId_fkey" FOREIGN KEY ("affiliateId") REFERENCES "Affiliate"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Commission" ADD CONSTRAINT "Commission_referralId_fkey" FOREIGN KEY ("referralId") REFERENCES "Referral"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
