"""Every message that the library raises, with a code that can be searched for.

Codes: B0 general, B1 knowledge base, B2 corpora, B3 mentions, B4 retrieval, B5 evaluation,
B6 pipeline, B7 reranking and LLMs, B8 distillation, B9 training.
"""

from __future__ import annotations

from enum import Enum, unique


class BelError(ValueError):
    """An input, a file or a setting that the library cannot work with."""


@unique
class Errors(Enum):
    """Message templates; calling a member gives the exception to raise."""

    B001 = (
        "Unknown file format of {path}: {reason}. Name it with the format option: one of {formats}."
    )
    B010 = (
        "This needs {library}, which cannot be imported ({reason}). "
        "Install it with: pip install 'spacy_bel[{extra}]'"
    )
    B011 = "The device {device!r} cannot be used: {reason}. Take auto, cpu, cuda or mps."
    B012 = "Unknown number type {dtype!r}; allowed: {allowed}."

    B100 = (
        "No knowledge base in {path}: there is no meta.json. "
        "Build one with: python -m spacy_bel kb build SOURCE --output {path}"
    )
    B101 = "{path} cannot be read ({reason}). Build the knowledge base again."
    B102 = (
        "The knowledge base in {path} was written by spacy_bel {library} (versions {found}); "
        "this version reads {ours}. Build it again from its sources, or install that version."
    )
    B103 = (
        "{path} belongs to a knowledge base and should have {expected} bytes, but has {found}: "
        "the copy is incomplete. Copy or build the knowledge base again."
    )
    B104 = "Cannot write a knowledge base to {path}: {reason}. What was there is unchanged."
    B105 = "{path} is not what was written (its digest differs). Build the knowledge base again."
    B106 = (
        "More than {limit} malformed lines, the last one: {problem}. Nothing was written. "
        "Check the format, or raise the limit with --max-errors."
    )
    B107 = "No concept was read from {sources}. Check the format and its options."
    B108 = "Unknown concept {id!r}: the knowledge base {name!r} does not have it."
    B109 = (
        "{path} is gone: the knowledge base was replaced or removed after it was opened. "
        "Open it again."
    )
    B110 = "Cannot read the option {option!r}: write it as KEY=VALUE."
    B111 = (
        "Only annotated mentions can be added: give --as-aliases and .spacy files that "
        "python -m spacy_bel convert wrote. To add a vocabulary, build again with all sources."
    )
    B112 = (
        "A concept has no identifier (its name: {name!r}, its source: {source!r}). "
        "Give every concept a CURIE."
    )
    B113 = (
        "No annotated mention of {source} could be added to {path}: {unknown} have an id that it "
        "does not have, or no text. Nothing was written. Check that the mentions have ids, and "
        "that these are of the knowledge base's vocabulary."
    )
    B114 = "The knowledge base {name!r} has no {kind} {unknown}. It has: {known}."
    B150 = "Cannot read {path}: {reason}."
    B151 = (
        "{path} is damaged: its gzip stream breaks off after line {line} ({reason}). "
        "Fetch the file again."
    )
    B152 = "{path} is not UTF-8 text ({reason}). Give a plain text file or a gzip-compressed one."
    B153 = "{path} is empty: there is nothing to read."
    B154 = (
        "Unknown option {option!r} for {path}, read as {format}. {allowed} "
        "An option for one source of several goes with its name: names.tsv?id=code."
    )
    B155 = "Cannot read the options in {source!r}: write them as path?name=value&name=value."
    B156 = (
        "The option {option!r} names the column {column!r}, which {path} does not have. "
        "Its columns: {columns}."
    )
    B157 = "Unknown knowledge base format {format!r}: one of {formats}."
    B158 = (
        "No concept found in {path}, read as {format} "
        "({lines} lines, {problems} malformed). {advice}"
    )
    B159 = "The option {option}={value!r} cannot be used: {reason}."
    B160 = "Malformed line in a knowledge base source: {problem}."
    B161 = "{path} has no usable header: {reason}. Name the columns with the options {options}."
    B201 = "The corpus {path} cannot be read: {reason}."
    B202 = (
        "{path}, line {line}: {reason}. Malformed lines so far: {count}, allowed: {limit}. "
        "Correct the file, name its format, or raise the limit with --max-errors."
    )
    B203 = "{path} is no table of mentions: its header lacks {columns}. Name another format."
    B204 = "Document {document!r} cannot be used: {reason}."
    B205 = (
        "The language of {path} is not known: its name starts with no language code of XL-BEL. "
        "Give it with the lang option."
    )
    B206 = "Unknown corpus format {format!r}: one of {formats}."
    B207 = (
        "{path} is no .spacy file that the installed spaCy can read ({reason}). "
        "Make one with: python -m spacy_bel convert"
    )
    B208 = (
        "A document of {path} has no span group {key!r} (it has: {keys}). "
        "Make the corpus with: python -m spacy_bel convert, or name another group, or 'ents'."
    )
    B209 = (
        "The last argument must be the .spacy file to write, after one or more corpus files; "
        "it is {output}."
    )
    B210 = "No document found in {paths}. Check the files, or name their format."
    B211 = "No mention has one of the types {types}. Types of this corpus: {labels}."
    B212 = "The corpus {path} cannot be written: {reason}."
    B301 = (
        "The mention from {start} to {end} does not lie in a text of {length} characters. "
        "Give character offsets of that text, the start not behind the end."
    )
    B302 = "The context size is {size}; it must be zero or more characters."
    B303 = (
        "The document has no span group {key!r} (it has: {keys}). "
        "Name one of its groups, or use 'ents'."
    )
    B304 = (
        "{ids} ids for {spans} spans in {key!r}: give exactly one id per span, "
        "empty for a span without one."
    )
    B305 = "Unknown field of a link: {fields}. Known fields: {known}."
    B306 = (
        "The extension span._.{name} is already registered by another package. "
        "Choose another prefix than {prefix!r} with the extensions setting."
    )
    B501 = (
        "No component of the pipeline links mentions (it has: {names}). "
        'Add one with nlp.add_pipe("bel_linker").'
    )
    B502 = (
        "{component!r} is no linker of this pipeline. Its linkers: {linkers}; "
        "all its components: {names}."
    )
    B503 = "The pipeline has several linkers: {linkers}. Name one with the component option."
    B506 = (
        "No gold mention in {documents} documents: they belong in doc.spans['bel_gold'] or "
        "doc.ents. Make such a corpus with: python -m spacy_bel convert"
    )
    B507 = (
        "None of the {mentions} gold mentions has an identifier in span.kb_id_: "
        "there is nothing to compare the links with."
    )
    B508 = "Cannot load the pipeline {pipeline}: {reason}"
    B509 = "Cannot write the evaluation to {path}: {reason}."

    B401 = "A retriever cannot work with {setting}={value}; allowed: {allowed}."

    B600 = (
        "{name} has no knowledge base. Give one in the config, "
        'nlp.add_pipe("{name}", config={{"kb": DIR}}), or in the block '
        "[initialize.components.{name}] with kb = DIR and call nlp.initialize(). "
        "Build DIR with: python -m spacy_bel kb build SOURCE --output DIR"
    )
    B601 = (
        "{name} was saved with a reference to the knowledge base {kb!r} with checksum {checksum}, "
        "but {path} has checksum {found}. Give that knowledge base, or call nlp.initialize() "
        "to take this one."
    )
    B602 = "{name} cannot work with {setting}={value!r}; allowed: {allowed}."
    B603 = "Cannot tell what to write to {output}: its suffix must be one of {suffixes}."
    B604 = "Cannot write {path}: {reason}."
    B605 = "Cannot read texts from {path}: {reason}."
    B651 = (
        "The {part} of {name} gave {found} answers for {asked} mentions; "
        "it must give one for each, in their order."
    )
    B652 = "The reranker of {name} gave {found} values for {asked} candidates."

    def __call__(self, **values: object) -> BelError:
        """The exception for this message.

        Args:
            **values: What the template names in braces.

        Returns:
            An exception whose text starts with the code.
        """
        return BelError(f"[{self.name}] {self.value.format(**values)}")
