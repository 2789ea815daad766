-- AlterTable
ALTER TABLE "Model" ADD COLUMN     "evaluation" JSONB;
