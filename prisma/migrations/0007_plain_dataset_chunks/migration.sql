-- Packed rows are small already; PostgreSQL's own compression took most of the time of an upload.
ALTER TABLE "DatasetChunk" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;
