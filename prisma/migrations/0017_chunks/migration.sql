-- Large weights and checkpoints are written in chunks that are committed one by one, before there is a row that they
-- belong to. Chunks that are stored already stay as they are.
ALTER TABLE "WeightChunk" DROP CONSTRAINT "WeightChunk_modelId_fkey";
ALTER TABLE "CheckpointChunk" DROP CONSTRAINT "CheckpointChunk_jobId_sequence_fkey";

-- Floating-point numbers do not get smaller by PostgreSQL's compression, and trying takes time.
ALTER TABLE "WeightChunk" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;
ALTER TABLE "CheckpointChunk" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;

-- Chunks of a model or of a checkpoint that does not exist yet; the row goes in the transaction that stores the owner.
CREATE TABLE "Draft" (
    "id" BIGSERIAL NOT NULL,
    "jobId" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "modelId" TEXT,
    "sequence" INTEGER,
    "touchedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Draft_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "Draft_modelId_key" ON "Draft"("modelId");
CREATE UNIQUE INDEX "Draft_jobId_sequence_key" ON "Draft"("jobId", "sequence");

-- What the foreign keys did.
CREATE FUNCTION "deleteWeightChunks"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM "WeightChunk" USING gone WHERE "WeightChunk"."modelId" = gone.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER "deleteChunks" AFTER DELETE ON "Model" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "deleteWeightChunks"();

CREATE FUNCTION "deleteCheckpointChunks"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM "CheckpointChunk" USING gone
    WHERE "CheckpointChunk"."jobId" = gone."jobId" AND "CheckpointChunk".sequence = gone.sequence;
    RETURN NULL;
END
$$;
CREATE TRIGGER "deleteChunks" AFTER DELETE ON "Checkpoint" REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION "deleteCheckpointChunks"();
