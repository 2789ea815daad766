-- Links on which anybody sees one run. Deleting a link revokes it.
CREATE TABLE "ShareLink" (
    "id" TEXT NOT NULL,
    "jobId" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ShareLink_pkey" PRIMARY KEY ("id")
);

CREATE INDEX "ShareLink_jobId_idx" ON "ShareLink"("jobId");

ALTER TABLE "ShareLink" ADD CONSTRAINT "ShareLink_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "StreamTicket" ADD COLUMN "shareLinkId" TEXT;

CREATE INDEX "StreamTicket_shareLinkId_idx" ON "StreamTicket"("shareLinkId");

ALTER TABLE "StreamTicket" ADD CONSTRAINT "StreamTicket_shareLinkId_fkey" FOREIGN KEY ("shareLinkId") REFERENCES "ShareLink"("id") ON DELETE CASCADE ON UPDATE CASCADE;
