-- Whether the teacher of a workshop paused the job or sweep. Resuming the workshop resumes those alone.
ALTER TABLE "Job" ADD COLUMN "pausedByWorkshop" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Sweep" ADD COLUMN "pausedByWorkshop" BOOLEAN NOT NULL DEFAULT false;
