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
        "{source} is a corpus: its mentions are added as names with --as-aliases. Without that "
        "option, vocabulary files are added."
    )
    B112 = (
        "A concept has no identifier (its name: {name!r}, its source: {source!r}). "
        "Give every concept a CURIE."
    )
    B113 = (
        "No name of {source} could be added to {path}: {unknown} have an id that it does not have, "
        "or no text. Nothing was written. Check that the names or mentions have ids, and that "
        "these are of the knowledge base's vocabulary."
    )
    B114 = "The knowledge base {name!r} has no {kind} {unknown}. It has: {known}."
    B150 = "Cannot read {path}: {reason}."
    B151 = (
        "{path} is damaged: its compressed stream breaks off after line {line} ({reason}). "
        "Fetch the file again."
    )
    B152 = "{path} is not UTF-8 text ({reason}). Give plain text, or text packed by gzip or bzip2."
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
    B162 = (
        "{path} is not a whole SPARQL result: after {count} rows, near line {line}, {reason}. "
        "A server that reaches its time limit breaks off like this: ask for one property and "
        "fewer languages at a time, and fetch the file again."
    )
    B163 = (
        "{path} does not say whose identifiers it holds: none of its variables ({variables}) is "
        "named after one of the properties {properties}. Use the query that "
        "python -m spacy_bel kb wikidata prints."
    )
    B164 = (
        "None of the {offered} names of {sources} can be added to {path}: {reasons}. "
        "Nothing was written. See --dry-run, and check the identifiers and the languages."
    )
    B170 = (
        "{path} is missing: it belongs to {main}, and lies in the same folder of the release. "
        "Fetch it{without}."
    )
    B171 = "The folder {path} holds several vocabularies. Name one of them: {files}."
    B172 = (
        "{path} is not a whole XML document: after {count} records, {reason}. Fetch the file again."
    )
    B190 = (
        "The knowledge base in {path} does not tell from which sources its concepts come, for "
        "an earlier version wrote it. Build it again from its sources; then it can be changed."
    )
    B191 = (
        "{source} can replace no source of {path} named {replaces!r}. "
        "Name the one that it is a newer release of with --replaces: {known}."
    )
    B192 = (
        "The knowledge base in {path} has no concept {unknown}. Nothing was written. "
        "A retired id is no concept: remove the one that it stands for."
    )
    B193 = "The report {path} cannot be written: {reason}."
    B194 = "Unknown way to merge concepts: {merge_by!r}. The one there is: xref."
    B195 = (
        "Another source of the knowledge base in {path} is named {name} too, so that nobody can "
        "tell what came from which. Give the files different names and build it again."
    )
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
    B230 = (
        "{path} is read as {format}, whose offsets count characters; only those of {formats} can "
        "count bytes. Leave --offsets out, or name the format."
    )
    B231 = "Unknown offsets {offsets!r}: they count {allowed}."
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
    B510 = (
        "The metrics {path} cannot be read: {reason}. Make them with: python -m spacy_bel evaluate"
    )
    B511 = (
        "The pipeline links to the knowledge base {kb!r}, and the metrics are of {other!r} with "
        "another content. Evaluate this pipeline."
    )

    B401 = "A retriever cannot work with {setting}={value}; allowed: {allowed}."
    B410 = "An encoder cannot work with {setting}={value!r}; allowed: {allowed}."
    B411 = (
        "The encoder {name} gave a vector with a value that is no number for the text {text!r}. "
        "Try dtype=float32 (now {dtype}); if that does not help, its weights are damaged."
    )
    B412 = (
        "The weights of the encoder {name} in {path} have the SHA-256 {found}, "
        "but vectors were made, or are to be made, with {expected}. Give the folder of that model, "
        "or make the vectors again with: python -m spacy_bel kb embed"
    )
    B413 = (
        "The model {name} is not on this machine ({reason}). Give the path of its folder; "
        "a model of the hub is fetched beforehand with: hf download {name}"
    )
    B414 = "There are no weights in {path}: a model folder has {patterns}."
    B415 = (
        "The knowledge base {kb!r} in {path} has no vectors. Make them with: "
        "python -m spacy_bel kb embed {path} --encoder NAME"
    )
    B416 = (
        "The encoder {name} gave values beyond the range of 16-bit numbers. "
        "Let it normalise its vectors."
    )
    B417 = (
        "The vectors of the knowledge base {kb!r} were made by another encoder: {differences}. "
        "Ask for the same one, or make them again with: python -m spacy_bel kb embed {path}"
    )
    B418 = (
        "{count} of {total} names of the knowledge base {kb!r} have no vector yet and are found "
        "by their letters alone. Encode them with: python -m spacy_bel kb embed {path}"
    )
    B420 = (
        "The index {path} has {count} vectors of {dimension} dimensions, but there are "
        "{expected}. Make it again with: python -m spacy_bel kb embed"
    )
    B422 = (
        "{name} has nothing to fit (its retriever is {found}): fitting is for "
        "spacy-bel.HybridRetriever.v1."
    )
    B423 = (
        "No mention in {path} has a gold id that the knowledge base {kb!r} has. "
        "Check that both speak of the same vocabulary."
    )
    B421 = "Unknown kind of index {kind!r}. Take one of: {kinds}."

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
    B606 = (
        "{name} looks at the spans under {key!r}, which no document has so far; there are: "
        "{found}. Set spans to one of these, or write spans under that key before."
    )
    B607 = (
        "{name} and {other} both write to the extensions {prefix!r} of the same spans and labels: "
        "what the first one writes is lost. Give one of them another prefix with extensions, or "
        "labels of its own with label_types."
    )
    B651 = (
        "The {part} of {name} gave {found} answers for {asked} mentions; "
        "it must give one for each, in their order."
    )
    B652 = "The reranker of {name} gave {found} values for {asked} candidates."

    B700 = "There is no prompt template {template!r}. There are: {known}."
    B701 = (
        "{found} candidates cannot be offered in one prompt: 1 to {limit} can, each with a letter. "
        "Offer the best of them."
    )
    B702 = "The order {order} does not name each of {count} candidates once."
    B703 = "No option has the letter {letter!r}. The letters: {known}."
    B704 = (
        "Options with definitions or parents need a function that tells them: give describe, such "
        "as that of the knowledge base."
    )
    B705 = "There is no candidate of number {number}: there are {count}, counted from 0."
    B706 = "A reranker cannot work with {setting}={value!r}; allowed: {allowed}."
    B707 = (
        "Row {number} of {path} cannot be shown as a worked example: it has no gold or no "
        "candidates. Give rows with both."
    )
    B710 = (
        "The language model {name!r} cannot be asked for {answers}: several of them begin with the "
        "same token, or with one that it does not know. Take another model."
    )
    B711 = (
        "The language model {name!r} cannot be loaded ({reason}). Give a folder with its files, "
        "or fetch it again with: hf download NAME."
    )
    B712 = (
        "The adapter in {path} was trained on {named!r} and does not fit {name!r}. Name its own "
        "base model, or train it again."
    )
    B713 = (
        "{what} was made with the prompt {found}, but the settings and templates make {ours}. "
        "Give the settings that it was made with, or make it again."
    )
    B714 = (
        "{path} has no .safetensors file, and no other format of weights is saved. Convert the "
        "model with its save_pretrained, or save its name alone (include_weights = false)."
    )
    B715 = "Cannot write {path}: {reason}. What was there is unchanged."
    B716 = "{path} cannot be read ({reason}). Save the pipeline or the adapter again."
    B717 = (
        "The pipeline was saved with the language model {name!r}, revision {revision}, checksum "
        "{checksum}, but the files in {path} are others. Give that model, or save with "
        "include_weights = true."
    )
    B718 = (
        "The language model {name!r} gives no finite numbers in {dtype}. Set dtype to float32, or "
        "check its weights."
    )
    B719 = "The adapter in {path} does not fit the language model {name!r}: {reason}"
    B720 = "Nothing can be fitted on {scores} mentions with {gold} right answers."
    B721 = (
        "The prompt is longer than the {limit} tokens of the language model, even at its shortest. "
        "Make the context or the worked examples shorter."
    )
    B722 = (
        "{path} has schema {found}; this version reads {ours}. Save the pipeline again, or "
        "install the version that it was saved with."
    )
    B723 = (
        "A prompt is longer than the {limit} tokens of the language model: it goes without "
        "definitions and types, and then without the last candidates. Further ones are counted "
        "in the reranker's attribute shortened and not reported."
    )
    B724 = "{name} has no reranker. Give one in its config, such as spacy-bel.SetwiseLLM.v1."
    B725 = "No gold mention of {path} has {places} candidates. Ask for fewer places."

    B730 = (
        "The environment variable {variable!r} holds no key for {address}. Set it, name another "
        "one with key_variable, or give the base_url of a server of your own, which needs none."
    )
    B731 = (
        "The price of the model {model!r} is not known. Give it with prices, in any currency for "
        'a million tokens: {{"input": 0.4, "output": 1.6}}, a table of models as a JSON or YAML '
        'file, or "free" for a server of your own.'
    )
    B732 = (
        "Cannot read the prices {source}: {reason}. Write them as a table of model -> "
        '{{"input": 0.4, "output": 1.6, "cached_input": 0.1}}, each 0 or more, or "free".'
    )
    B733 = (
        "The budget of {budget} might be passed: the run {run!r} has cost {spent}, calls under "
        "way included, and the next call can cost {worst}. Answers that have arrived are kept. "
        "Raise the budget, or name another run, and start again."
    )
    B734 = "{path} cannot be used as a request cache or ledger: {reason}. Name another file."
    B735 = (
        "The {part} in {path} was written by another version of spacy_bel (format {found}; this "
        "one reads {ours}). Name another file, or install that version."
    )
    B736 = "The server at {address} would refuse every request. {reason}"
    B737 = "A language model cannot be asked with {setting}={value!r}; allowed: {allowed}."
    B738 = "No answer from {address} in {attempts} attempts: {reason}."
    B739 = "The answer cannot be used: {problem}. It was {answer!r}."
    B740 = (
        "{count} requests in a row have failed. The last one: {reason} Answers that have arrived "
        "are kept: start again when the server works."
    )
    B741 = (
        "Only {usable} of {votes} answers can be used, less than half. The last problem: {problem}"
    )
    B742 = "Two requests have the key {key!r}: answers are matched by key."
    B743 = (
        "Cannot find out what the server at {address} offers. {reason} Start again when it works, "
        "or name the mode: one of {modes}."
    )
    B800 = (
        "There is no text or row to work on in {path}: {reason}. Give plain text (one document a "
        'line), JSON lines with a "text", .spacy, PubTator or BioC files, or rows that mine made.'
    )
    B801 = "Rows cannot be made with {setting}={value!r}; allowed: {allowed}."
    B802 = (
        "{path} holds the beginning of a run with other settings or inputs. Give those again, "
        "or remove the folder to start anew."
    )
    B803 = "{path} cannot be written: {reason}. What was finished is kept: start again."
    B804 = "Another process is working on {path}. Wait for it, or write to another place."
    B805 = (
        "No mention with candidates in {texts} texts. Does the pipeline ({names}) find mentions? "
        "Put a bel_matcher or an NER before the linker."
    )
    B806 = (
        "The row {key} offers {id}, of the knowledge base {of!r}, which {kb!r} does not know. "
        "Give the knowledge base that the rows were made with, or make them again."
    )
    B807 = "The teacher's config {path} cannot be used: {reason}"
    B808 = (
        "{name} has no prompt to show worked examples in. Leave out teacher.shots, or take a "
        "ChatReranker or a SetwiseLLM."
    )
    B810 = (
        "The teacher {source!r} says NIL to {count} of {answers} questions: nothing can be learned "
        "from it. Look at what it is asked, and at what it answers."
    )
    B811 = (
        "The teacher {source!r} chooses the option {letter} in {count} of {answers} questions, "
        "though the options are shuffled: nothing can be learned from it."
    )
    B812 = "The teacher {source!r} labelled none of {count} rows. The commonest reason: {reason}"
    B813 = (
        "Batch files cannot be used: {reason}. They take one ChatReranker with the mode schema, "
        "logprobs or letter; without them, label asks request by request."
    )
    B820 = (
        "There is nothing to make rows from: no concept of {kb!r} has a second name, or none in "
        "the languages asked for."
    )
    B830 = "No row of {path} is left: {reasons}. Ask for less."
    B840 = (
        "Systems are compared by name, each of which must be there once: {names}. "
        "Give them as --system NAME=PIPELINE, --reranker NAME=CONFIG or --cascade NAME=CONFIG."
    )
    B841 = (
        "The reranker {name!r} is over the knowledge base {kb!r}, the pipeline over {other!r} with "
        "another content. Give its config the pipeline's, with --teacher.kb."
    )
    B842 = (
        "{name} cannot be a cascade: the pipeline {pipeline} has no reranker that could be asked "
        "first."
    )

    B900 = "The examples {path} cannot be read: {reason}."
    B901 = (
        "{path}, line {line}: {reason} Make examples with: python -m spacy_bel examples PIPELINE "
        "CORPUS OUTPUT"
    )
    B902 = "The examples {path} cannot be written: {reason}."
    B903 = "The row has schema {found}; this version reads {ours}. Make the examples again."
    B904 = "The row is no example: {reason}."

    B760 = "A cross-encoder cannot work with {setting}={value}; allowed: {allowed}."
    B761 = (
        "{path} was written by another version of spacy_bel: what its network is fed with has "
        "changed. Train it again, or install that version."
    )
    B762 = "{name} cannot be used as an encoder: {reason}."
    B765 = "A cascade cannot work with {setting}={value}; allowed: {allowed}."
    B766 = (
        "A cascade has the steps {steps}, but confidences for {found}: give one for each but the "
        "last. No step may be called exact."
    )
    B767 = (
        "{name} found no candidates to choose from under the prefix {prefix!r}. Put a "
        "bel_retriever with the same spans and extensions before it, or use bel_linker, which is "
        "both."
    )
    B770 = (
        "{name} cannot be calibrated: {reason}. Give a pipeline whose linker has a local reranker, "
        "and an annotated corpus."
    )
    B771 = (
        "{pipeline} is an installed package, which is not changed: name a folder for the "
        "calibrated pipeline with --output."
    )

    B910 = "Training cannot work with {setting}={value}; allowed: {allowed}."
    B911 = (
        "The state of training in {path} cannot be read ({reason}). "
        "Remove the folder to start anew."
    )
    B912 = "There is no {what} example with candidates and an answer. Check the rows."
    B913 = (
        "{path} holds a run with other settings or data. Give another output folder, remove this "
        "one, or have train reranker --overwrite it."
    )
    B914 = "Training cannot write {path}: {reason}."
    B918 = "The curves {path} cannot be read: {reason}. Give the curves.json of train reranker."
    B915 = "The training config {path} cannot be used: {reason}"
    B916 = "{name} has nothing that could be trained. Train a CrossEncoder or a SetwiseLLM."
    B917 = (
        "A training prompt has {tokens} tokens, more than the model's {limit}. Show fewer details, "
        "or fewer candidates with training.sampling.negatives."
    )
    B920 = (
        "No gold mention in {documents} documents: they belong in doc.spans['bel_gold'] or "
        "doc.ents, with ids. Make such a corpus with: python -m spacy_bel convert, and from that "
        "the examples"
    )
    B921 = "{documents} documents cannot be parted into {folds} folds; give 2 or more, or fewer."
    B922 = (
        "The knowledge base {name!r} already holds annotated names, which may be those of this "
        "corpus. Give one without them with --kb, and corpora to take names from with --further."
    )
    B923 = (
        "The pipeline has not exactly one {component!r} to find candidates with (it has: {names}). "
        "Name one with the component option."
    )

    B950 = "Training a retriever cannot work with {setting}={value!r}; allowed: {allowed}."
    B951 = (
        "The objective {objective} learns from annotated mentions: give a corpus. "
        "Without one, take the objective synonyms."
    )
    B952 = (
        "{path} holds another training run (other settings, data or encoder). "
        "Take another folder, or remove that one."
    )
    B956 = (
        "{path} does not say what to train: set paths.kb (a knowledge base) and encoder.name, "
        "in the file or on the command line as --paths.kb DIR."
    )
    B955 = (
        "No mention in {path} has a concept of the knowledge base {kb!r} as its gold id. "
        "Check that both speak of the same vocabulary."
    )
    B954 = "There is nothing to learn: no concept of {kb!r} has several names to pair."

    def __call__(self, **values: object) -> BelError:
        """The exception for this message.

        Args:
            **values: What the template names in braces.

        Returns:
            An exception whose text starts with the code.
        """
        return BelError(f"[{self.name}] {self.value.format(**values)}")
