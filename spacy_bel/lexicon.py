"""What every reader of biomedical English knows about its words.

Only general facts about the language stand here (adjectives of organs, combining forms, words
for "something is wrong"), no name or identifier of a vocabulary. Which of them were worth writing
down was decided on train and dev splits.
A change here changes keys: raise ``spacy_bel.text.NORMALISER_VERSION``.
"""

from __future__ import annotations

GREEK: dict[int, str] = {
    ord(letter): f" {name} "
    for letter, name in zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
        "sigma sigma tau upsilon phi chi psi omega".split(),
        strict=True,
    )
}
"""Greek letters, as ``str.translate`` wants them. NFKC has turned the micro sign into mu."""

FUNCTION_WORDS = frozenset("of the a an in to with due by for on from and or as at".split())
"""Words that inverted names drop: ``Cancer of the Lung`` and ``Lung Cancer``."""

_ROMAN = "i ii iii iv v vi vii viii ix _ xi xii xiii xiv xv xvi xvii xviii xix xx".split()
_CARDINAL = "one two three four five six seven eight nine ten".split()
_ORDINAL = "first second third fourth fifth sixth seventh eighth ninth tenth".split()

NUMERALS: dict[str, str] = {
    word: str(number)
    for series in (_ROMAN, _CARDINAL, _ORDINAL)
    for number, word in enumerate(series, 1)
    if word != "_"
}
"""Roman numerals, number words and ordinals to digits. ``x`` stays: it is a chromosome."""

_SAME_MEANING: dict[str, str] = {
    # Words for a growth, for an illness, for a fault, for harm.
    "neoplasm": "cancer tumor carcinoma adenocarcinoma malignancy malignant neoplastic neoplasia "
    "tumoral cancerous",
    "disease": "disorder syndrome illness condition sickness",
    "abnormality": "anomaly malformation defect deformity",
    "damage": "injury trauma traumatic",
    "toxicity": "toxic",
    "insufficiency": "failure dysfunction impairment impaired",
    "deficiency": "deficient lack absence",
    "hemorrhage": "bleeding hemorrhagic",
    "retardation": "disability",
    "infarction": "infarct",
    "infection": "infectious infected",
    "allergy": "hypersensitivity allergic",
    "hypertension": "hypertensive",
    "depression": "depressive depressed",
    "hyper": "elevated high",
    # Symptoms by their everyday and their learned names.
    "calculus": "stone lithiasis",
    "dizziness": "giddiness",
    "edema": "swelling swollen",
    "fatigue": "tiredness",
    "paralysis": "palsy",
    "pruritus": "itching itch",
    "seizure": "convulsion convulsive",
    "somnolence": "sleepiness drowsiness",
    "vomiting": "emesis",
    # How it was come by, and by whom.
    "genetic": "hereditary inherited familial autosomal recessive dominant allelic hereditable "
    "heritable monogenic polygenic",
    "congenital": "inborn birth",
    "child": "childhood pediatric juvenile infantile",
    # Organs, tissues and functions by their adjectives.
    "adrenal": "suprarenal",
    "alcohol": "alcoholic",
    "anus": "anal",
    "aorta": "aortic",
    "artery": "arterial",
    "atrium": "atrial",
    "behavior": "behavioral",
    "bladder": "vesical",
    "blood": "hematologic hematological",
    "bone": "osseous bony skeletal",
    "brain": "cerebral",
    "breast": "mammary",
    "bronchus": "bronchial",
    "cerebellum": "cerebellar",
    "cervix": "cervical",
    "chromosome": "chromosomal",
    "cochlea": "cochlear",
    "cognition": "cognitive",
    "colon": "colonic",
    "cornea": "corneal",
    "ear": "aural otic",
    "esophagus": "esophageal",
    "eye": "ocular ophthalmic",
    "gland": "glandular",
    "gonad": "gonadal",
    "hearing": "auditory",
    "heart": "cardiac myocardial",
    "hormone": "hormonal",
    "hypothalamus": "hypothalamic",
    "immune": "immunologic immunological immunity",
    "intestine": "intestinal bowel",
    "joint": "articular",
    "kidney": "renal nephric",
    "larynx": "laryngeal",
    "limb": "extremity",
    "liver": "hepatic",
    "lung": "pulmonary",
    "lymph": "lymphatic lymphoid",
    "memory": "amnestic",
    "metabolism": "metabolic",
    "mind": "mental psychiatric psychological",
    "mitochondria": "mitochondrial mitochondrion",
    "mouth": "oral",
    "muscle": "muscular",
    "nerve": "neural neuronal neurologic neurological",
    "nose": "nasal",
    "nutrition": "nutritional",
    "ovary": "ovarian",
    "pancreas": "pancreatic",
    "pharynx": "pharyngeal",
    "pituitary": "hypophyseal adenohypophyseal",
    "platelet": "thrombocyte",
    "prostate": "prostatic",
    "rectum": "rectal",
    "retina": "retinal",
    "skin": "cutaneous dermal",
    "spine": "spinal",
    "stomach": "gastric",
    "testis": "testicular testicle",
    "thymus": "thymic",
    "thyroid": "thyroidal",
    "tongue": "lingual",
    "tooth": "dental",
    "trachea": "tracheal",
    "uterus": "uterine",
    "vagina": "vaginal",
    "vein": "venous",
    "ventricle": "ventricular",
    "vessel": "vascular",
    "vision": "visual",
}

LOOSE_MEANINGS = frozenset("neoplasm disease abnormality damage insufficiency child".split())
"""Meanings under which words stand together that differ a little: a carcinoma is a neoplasm."""

CONCEPT_WORD: dict[str, str] = {
    word: meaning for meaning, synonyms in _SAME_MEANING.items() for word in synonyms.split()
}
"""Word -> the one word that stands for its meaning."""

ADJECTIVE_ENDINGS: dict[str, str] = {
    "otic": "osis",
    "itic": "itis",
    "pathic": "pathy",
    "emic": "emia",
    "plegic": "plegia",
    "plastic": "plasia",
    "trophic": "trophy",
    "tensive": "tension",
    "ptic": "psy",
    "uric": "uria",
    "rrheic": "rrhea",
    "algic": "algia",
    "phobic": "phobia",
    "manic": "mania",
    "betic": "betes",
    "ergic": "ergy",
    "xic": "xia",
    "tonic": "tonia",
    "kinetic": "kinesia",
}
"""Endings by which an adjective is made from the name of a disease: ``epileptic``, ``diabetic``."""

COMBINING_FORMS: dict[str, str] = {
    "adeno": "gland",
    "angio": "vessel",
    "arterio": "artery",
    "arthro": "joint",
    "cardio": "heart",
    "chondro": "cartilage",
    "coagulo": "coagulation",
    "cysto": "bladder",
    "dermato": "skin",
    "encephalo": "brain",
    "entero": "intestine",
    "gastro": "stomach",
    "glomerulo": "glomerular",
    "hemato": "blood",
    "hemo": "blood",
    "hepato": "liver",
    "immuno": "immune",
    "lympho": "lymph",
    "myelo": "marrow",
    "myo": "muscle",
    "nephro": "kidney",
    "neuro": "nerve",
    "osteo": "bone",
    "oto": "ear",
    "pneumo": "lung",
    "pulmo": "lung",
    "reno": "kidney",
    "retino": "retina",
    "thyro": "thyroid",
    "vasculo": "vessel",
}
"""Greek and Latin forms that open a compound, and the organ that they name."""

COMBINING_TAILS: dict[str, str] = {
    "deficiency": "deficiency",
    "deficient": "deficiency",
    "degeneration": "degeneration",
    "pathic": "disease",
    "pathy": "disease",
    "suppression": "suppression",
    "toxic": "toxicity",
    "toxicity": "toxicity",
    "vascular": "vessel",
}
"""What follows such a form when the compound means just its two parts."""

MODIFIERS = frozenset(
    "sporadic genetic hereditary familial inherited recurrent acute chronic severe mild moderate "
    "isolated congenital classical classic typical atypical human primary secondary idiopathic "
    "early late onset adult advanced metastatic benign progressive linked x bilateral unilateral "
    "generalized localized nonfamilial common rare type disease patient transient persistent "
    "refractory active symptomatic asymptomatic subclinical fatal lethal essential non induced "
    "drug related associated partial complete total multiple diffuse focal end stage like child "
    "attenuated predisposition susceptibility germline somatic untreated resistant invasive "
    "autosomal dominant recessive mellitus pathologic pathological".split()
)
"""Words that a mention adds to, or leaves out of, the name of its concept."""

WEAK_HEADS = frozenset(
    "toxicity damage insufficiency abnormality lesion complication involvement disturbance "
    "problem degeneration symptom disease loss pathology sclerosis alteration change deficiency "
    "decrease increase reduction".split()
)
"""Words that say that something is wrong, not what: ``renal damage`` is a kidney disease."""

CAUSE_WORDS = frozenset("drug chemical induced related associated".split())
"""Words by which a name says that a drug or another substance is the cause."""

HARM_WORDS = frozenset({"toxicity", "damage"})
"""Concept words by which a mention says that something was harmed: ``hepatotoxicity``."""
