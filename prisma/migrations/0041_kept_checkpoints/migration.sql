-- Seconds of training before a checkpoint, which decide whether a finished job keeps it.
ALTER TABLE "Checkpoint" ADD COLUMN "seconds" DOUBLE PRECISION NOT NULL DEFAULT 0;
