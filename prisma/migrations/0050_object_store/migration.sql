-- Large chunks may be objects of an S3-compatible store. Such a row has the key of its object instead of bytes.
ALTER TABLE "DatasetChunk" ALTER COLUMN "bytes" DROP NOT NULL, ADD COLUMN "object" TEXT;
ALTER TABLE "WeightChunk" ALTER COLUMN "bytes" DROP NOT NULL, ADD COLUMN "object" TEXT;
ALTER TABLE "CheckpointChunk" ALTER COLUMN "bytes" DROP NOT NULL, ADD COLUMN "object" TEXT;
ALTER TABLE "DatasetChunk" ADD CONSTRAINT "DatasetChunk_contents_check" CHECK (num_nonnulls("bytes", "object") = 1);
ALTER TABLE "WeightChunk" ADD CONSTRAINT "WeightChunk_contents_check" CHECK (num_nonnulls("bytes", "object") = 1);
ALTER TABLE "CheckpointChunk" ADD CONSTRAINT "CheckpointChunk_contents_check" CHECK (num_nonnulls("bytes", "object") = 1);
CREATE INDEX "DatasetChunk_object_idx" ON "DatasetChunk" ("object") WHERE "object" IS NOT NULL;
CREATE INDEX "WeightChunk_object_idx" ON "WeightChunk" ("object") WHERE "object" IS NOT NULL;
CREATE INDEX "CheckpointChunk_object_idx" ON "CheckpointChunk" ("object") WHERE "object" IS NOT NULL;

-- Objects to delete. Rows may share an object, so a key may be here more than once, and a row may still name it.
CREATE TABLE "DeletedObject" (
    "id" BIGSERIAL NOT NULL,
    "key" TEXT NOT NULL,
    "deletedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "claimedAt" TIMESTAMPTZ(3),
    CONSTRAINT "DeletedObject_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "DeletedObject_deletedAt_idx" ON "DeletedObject" ("deletedAt");
CREATE INDEX "DeletedObject_key_idx" ON "DeletedObject" ("key");

-- One row, from the first start with a store.
CREATE TABLE "ObjectStoreState" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "owner" TEXT NOT NULL,
    "searchedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "ObjectStoreState_pkey" PRIMARY KEY ("id")
);

CREATE FUNCTION "deleteObject"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "DeletedObject" ("key") VALUES (OLD."object");
    RETURN NULL;
END
$$;
CREATE TRIGGER "deleteObject" AFTER DELETE ON "DatasetChunk" FOR EACH ROW
    WHEN (OLD."object" IS NOT NULL) EXECUTE FUNCTION "deleteObject"();
CREATE TRIGGER "deleteObject" AFTER DELETE ON "WeightChunk" FOR EACH ROW
    WHEN (OLD."object" IS NOT NULL) EXECUTE FUNCTION "deleteObject"();
CREATE TRIGGER "deleteObject" AFTER DELETE ON "CheckpointChunk" FOR EACH ROW
    WHEN (OLD."object" IS NOT NULL) EXECUTE FUNCTION "deleteObject"();
CREATE TRIGGER "replaceObject" AFTER UPDATE OF "object" ON "DatasetChunk" FOR EACH ROW
    WHEN (OLD."object" IS NOT NULL AND OLD."object" IS DISTINCT FROM NEW."object") EXECUTE FUNCTION "deleteObject"();
CREATE TRIGGER "replaceObject" AFTER UPDATE OF "object" ON "WeightChunk" FOR EACH ROW
    WHEN (OLD."object" IS NOT NULL AND OLD."object" IS DISTINCT FROM NEW."object") EXECUTE FUNCTION "deleteObject"();
CREATE TRIGGER "replaceObject" AFTER UPDATE OF "object" ON "CheckpointChunk" FOR EACH ROW
    WHEN (OLD."object" IS NOT NULL AND OLD."object" IS DISTINCT FROM NEW."object") EXECUTE FUNCTION "deleteObject"();
