"""data-juicer's cleaning, masking and deduplication of the rows of a JSONL file; prints the CPU seconds and which rows it keeps.

Its default for MinHash, tokens between spaces, makes a token of a Chinese sentence; by character it does well. Of its personal
data those kinds are masked that the data engine masks.
"""

import json
import resource
import sys

from data_juicer.ops.deduplicator.document_deduplicator import DocumentDeduplicator
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator
from data_juicer.ops.mapper.clean_html_mapper import CleanHtmlMapper
from data_juicer.ops.mapper.fix_unicode_mapper import FixUnicodeMapper
from data_juicer.ops.mapper.pii_redaction_mapper import PiiRedactionMapper
from datasets import Dataset, disable_caching, disable_progress_bars


def cpu_seconds() -> float:
    """Of this process and those it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Reads, cleans, masks, deduplicates, writes parquet."""
    rows_path, output = sys.argv[1:]
    disable_caching()
    disable_progress_bars()
    fix, html = FixUnicodeMapper(normalization="NFC"), CleanHtmlMapper()
    mask = PiiRedactionMapper(
        mask_paths=False,
        mask_secrets=False,
        mask_ids=False,
        mask_channel_ids=False,
        mask_platform_open_ids=False,
        mask_pem=False,
        mask_jwt=False,
        mask_macs=False,
        messages_key=None,
    )
    exact = DocumentDeduplicator()
    near = DocumentMinhashDeduplicator(
        tokenization="character", window_size=5, num_permutations=128, jaccard_threshold=0.7, text_key="text"
    )

    def cleaned_rows(rows: Dataset) -> Dataset:
        for mapper in (fix, html):
            rows = rows.map(mapper.process_batched, batched=True)
        rows = rows.map(mask.process_single)
        return exact.process(rows.map(exact.compute_hash))[0]

    def deduplicated_rows(rows: Dataset) -> Dataset:
        return near.process(rows.map(near.compute_hash))[0]

    # What is imported and made at first use is not timed.
    deduplicated_rows(cleaned_rows(Dataset.from_list([{"id": n, "text": f"Warm up <b>{n}</b> now."} for n in range(300)])))
    started = cpu_seconds()
    with open(rows_path, encoding="utf-8") as file:
        rows = Dataset.from_list([json.loads(line) for line in file])
    read = cpu_seconds()
    rows = cleaned_rows(rows)
    cleaned = cpu_seconds()
    kept = deduplicated_rows(rows)
    kept.to_parquet(output)
    ended = cpu_seconds()
    seconds = {"cpu_s": ended - started, "near_duplicates_cpu_s": ended - cleaned + read - started}
    print(json.dumps({**seconds, "kept": list(kept["id"])}))


if __name__ == "__main__":
    main()
