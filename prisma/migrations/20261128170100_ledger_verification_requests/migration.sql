-- Staff may have the ledger proven before the night. What they asked for outlives the process that was asked, and says
-- which proof answered it. Read by those without an answer, which are few; the table grows by what people click.
CREATE TABLE "ledger_verification_requests" (
    "id" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "verification_id" TEXT,

    CONSTRAINT "ledger_verification_requests_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "ledger_verification_requests" ADD CONSTRAINT "ledger_verification_requests_verification_id_fkey" FOREIGN KEY ("verification_id") REFERENCES "ledger_verifications"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
