-- Workshops: a code lets participants join, each as a tenant of their own.
CREATE TABLE "Workshop" (
    "id" TEXT NOT NULL,
    "tenantId" TEXT NOT NULL,
    "name" TEXT,
    "code" TEXT NOT NULL,
    "spec" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Workshop_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "Workshop_code_key" ON "Workshop"("code");
CREATE INDEX "Workshop_tenantId_createdAt_id_idx" ON "Workshop"("tenantId", "createdAt", "id");

CREATE TABLE "Participant" (
    "tenantId" TEXT NOT NULL,
    "workshopId" TEXT NOT NULL,
    "nickname" TEXT NOT NULL,
    "nicknameKey" TEXT NOT NULL,
    "joinedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Participant_pkey" PRIMARY KEY ("tenantId")
);

CREATE UNIQUE INDEX "Participant_workshopId_nicknameKey_key" ON "Participant"("workshopId", "nicknameKey");

ALTER TABLE "Participant" ADD CONSTRAINT "Participant_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "Participant" ADD CONSTRAINT "Participant_workshopId_fkey" FOREIGN KEY ("workshopId") REFERENCES "Workshop"("id") ON DELETE CASCADE ON UPDATE CASCADE;
