-- One row: the key that signs receipts.
CREATE TABLE "ReceiptKey" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "privateKey" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ReceiptKey_pkey" PRIMARY KEY ("id")
);
