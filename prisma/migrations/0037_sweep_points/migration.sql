CREATE TABLE "SweepPoint" (
    "sweepId" TEXT NOT NULL,
    "point" INTEGER NOT NULL,
    "choices" DOUBLE PRECISION[],
    "isRefused" BOOLEAN NOT NULL,
    CONSTRAINT "SweepPoint_pkey" PRIMARY KEY ("sweepId", "point")
);
ALTER TABLE "SweepPoint" ADD CONSTRAINT "SweepPoint_sweepId_fkey" FOREIGN KEY ("sweepId") REFERENCES "Sweep" ("id")
    ON DELETE CASCADE ON UPDATE CASCADE;
