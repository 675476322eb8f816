"""Every word of the page, in English and Brazilian Portuguese.

Labels are translated in the browser by gradio; what the server writes while a run goes on is translated here, in the
language that the browser asked for. Both read the one table `TEXTS`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

Language = Literal["en", "pt-BR"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_ENGLISH = {
    "title": "InstaFlow: one step, not twenty-five",
    "hero": "One step. <em>Not twenty-five.</em>",
    "lead": (
        "InstaFlow draws a picture with a single network evaluation. Type a prompt and watch it race "
        "the many-step models it was distilled from, on this very machine."
    ),
    "hero_curve": "25 steps along a curve",
    "hero_line": "1 step along a straight line",
    "hero_alt": "Twenty-five small steps along a curve from noise to picture, and one straight step.",
    "honest": (
        "<b>What can the shipped models draw?</b> They are miniatures: 256×256 pixels, 379 everyday "
        "things in emoji-like styles, with sizes, counts, positions and ten background colours, in English and "
        "Portuguese. Other prompts land on the nearest thing they know. Every time is measured on this machine."
    ),
    "prompt": "Prompt",
    "prompt_hint": "A big dog",
    "models": "Models to compare",
    "images": "Images per model",
    "seed": "Seed",
    "randomise": "New seed for every run",
    "refine": "Refine with SDXL",
    "refine_info": "by its refiner, from the seed of each image; its time is told apart",
    "generate": "Generate",
    "stop": "Stop",
    "advanced": "Settings: negative prompt, steps, guidance, size, precision, device, backend, decoder, saving",
    "negative": "Negative prompt",
    "negative_hint": "What the image should not show; only models with guidance above 1 use it",
    "negative_off": "Off: none of the chosen models has guidance above 1, without which it has no effect",
    "steps": "Steps",
    "guidance": "Guidance",
    "size": "Pixels a side",
    "dtype": "Precision",
    "dtype_info": "auto: float16 on a GPU; on a CPU float32, or bfloat16 where OpenVINO gains by it",
    "device": "Device",
    "device_info": "auto: a CUDA GPU if there is one, else the CPU",
    "backend": "Backend",
    "backend_info": "auto: on a GPU PyTorch, compiled in the background; on a CPU OpenVINO for shipped models, where "
    "it is installed; eager: PyTorch as it is",
    "decoder": "Decoder",
    "decoder_info": "full: the model's own; int8: the same in 8 bits, by OpenVINO; tiny: a small, quick and rough one",
    "decoded_by": "{decoder} decoder",
    "display": "Display images",
    "save": "Save images",
    "save_info": "in the folder of --out, with everything needed to make them again",
    "mode": "Images are made",
    "mode_single": "One by one",
    "mode_batch": "As a batch",
    "comparison": "Comparison",
    "environment": "Measured on",
    "download": "Download",
    "download_csv": "Download CSV",
    "download_markdown": "Download Markdown",
    "fixed": "always one step, without guidance",
    "shipped": "shipped",
    "published": "on this machine",
    "needs_download": "needs download",
    "unavailable": "unavailable",
    "step_count": "{n} step",
    "steps_count": "{n} steps",
    "unavailable_models": "Not on this machine yet ({n})",
    "download_title": "Download a published model",
    "download_model": "Model · size · licence",
    "download_accept": "I have read the model's licence and accept it",
    "download_start": "Download",
    "download_begins": "Asking the hub what there is…",
    "download_choose": "Choose a model to download.",
    "download_here": "{title} is on this machine already.",
    "download_consent": "Accept the licence first: {licence}.",
    "download_failed": "The download did not work.",
    "download_done": "{title} is here. Tick it above to use it.",
    "download_stopped": "Stopped. What is complete stays; the next download fetches the rest.",
    "folder_title": "Use a folder of your own for a published model",
    "folder_model": "Model",
    "folder": "Folder in diffusers' layout, on this machine",
    "folder_use": "Use it",
    "folder_choose": "Choose a model, and name its folder.",
    "folder_failed": "That folder cannot be used.",
    "folder_done": "{title} is taken from there. Tick it above to use it.",
    "warming": "Warming up: the shipped models are being loaded. You can press Generate already.",
    "warm": "Ready.",
    "waiting_device": "Waiting for the device…",
    "running": "Running: {done} of {total} models finished.",
    "finished": "Finished: {done} of {total} models.",
    "stopped_status": "Stopped. Finished images stay.",
    "nothing_running": "Nothing is running.",
    "phase_waiting": "Waiting for its turn",
    "phase_loading": "Loading the model…",
    "phase_loading_refiner": "Loading the refiner…",
    "phase_starting": "Reading the prompt…",
    "phase_stopped": "Stopped after step {step} of {steps}.",
    "phase_stopped_early": "Stopped before its first step.",
    "phase_failed": "Could not run",
    "progress_pass": "Image {first} of {total}",
    "progress_batch": "Images {first}–{last} of {total}",
    "progress_step": "step {step}/{steps}",
    "progress_sample": "base {step}/{steps}",
    "progress_upsample": "upsampler {step}/{steps}",
    "progress_refine": "refiner {step}/{steps}",
    "enlarging": "upsampling next",
    "elapsed": "{s} elapsed",
    "remaining": "{s} left",
    "decoding": "decoding",
    "speed": "{n} it/s",
    "per_image": "per image",
    "images_per_second": "images/s",
    "evaluations": "network evaluations per image",
    "evaluations_short": "network evaluations",
    "peak": "peak memory",
    "steps_per_second": "it/s",
    "cold": "cold",
    "warm_run": "warm",
    "warm_note": "Averages are over warm passes only.",
    "cold_note": "First pass of this model: cold, slower than the next ones.",
    "stage_load": "load",
    "stage_text": "text",
    "stage_sample": "sampling",
    "stage_upsample": "upsampling",
    "stage_decode": "decode",
    "already_loaded": "already loaded",
    "image": "Image",
    "image_seed": "Seed",
    "time": "Time",
    "refined": "Refined by the SDXL refiner in {s}, which the time does not include",
    "hidden_images": "Images are hidden by your settings; {n} made.",
    "fastest": "{n}× faster",
    "slowest": "slowest",
    "table_system": "System",
    "table_images": "Images",
    "table_mode": "Mode",
    "table_steps": "Steps",
    "table_times": "Time of each image",
    "table_speed": "it/s",
    "table_seconds": "s/image",
    "table_speedup": "Speed-up",
    "table_note": (
        "Seconds per image, images per second and network evaluations compare systems fairly. Iterations per second "
        "count denoising steps, so a one-step model has few of them however fast it is."
    ),
    "tab_compare": "Compare",
    "tab_results": "Results",
    "tab_benchmark": "Benchmark",
    "bench_lead": (
        "<b>How fast is this machine?</b> Everything that is ticked is timed in turn, round after round, so that what "
        "else goes on here slows all of it alike. Each pass has a prompt of its own, and the first one, which loads "
        "and compiles, is told apart. Close other programs for figures that can be trusted."
    ),
    "bench_models": "Models to time",
    "bench_repeats": "Repeats",
    "bench_repeats_info": "warm passes of each case, after one that is not counted",
    "bench_repeats_range": "Repeats must be a whole number from 1 to {most}.",
    "bench_batches": "Batch sizes",
    "bench_batches_info": "images made in one pass",
    "bench_stock": "Also the stock diffusers pipeline, on the same weights",
    "bench_start": "Start",
    "bench_choose": "Choose at least one, and nothing but these: {choices}.",
    "bench_too_many": (
        "That would be {n} images, and others wait for this machine: choose fewer repeats, models or batch sizes, for "
        "at most {most}."
    ),
    "bench_pass": "Pass {n} of {passes}",
    "bench_finished": "Finished: {n} passes.",
    "bench_stopped": "Stopped. What was measured stays.",
    "bench_title": "Times",
    "bench_here": "This machine",
    "bench_there": "{machine}, from the file",
    "bench_median": "median of a pass (s)",
    "bench_iqr": "IQR (s)",
    "bench_p95": "p95 (s)",
    "bench_n": "n",
    "bench_cold": "cold (s)",
    "bench_load": "load (s)",
    "bench_batch": "batch",
    "bench_batch_of": "batch of {n}",
    "bench_peak": "peak memory (MB)",
    "bench_note": (
        "Iterations per second mislead between systems: they count denoising steps, of which a one-step model has one "
        "however fast it is, and leave out text and decoding, so compare seconds per image."
    ),
    "bench_chart": "Where the time goes",
    "bench_chart_note": "Seconds per image by stage, medians of warm passes, all bars on one scale.",
    "bench_refused": "Not timed: {case}",
    "bench_import": "Compare with another machine: a JSON file that this page or “benchmark --json” wrote there",
    "bench_imported": "Read: {machine}, rows: {n}.",
    "bench_later": "They are shown when the benchmark is over.",
    "bench_unread": "That file cannot be shown.",
    "bench_too_large": "Only text files of at most {kb} KB are read: choose a file that “benchmark --json” wrote.",
    "bench_forget": "Remove the other machine",
    "download_json": "Download JSON",
    "paper_title": "What the paper reports",
    "paper_note": (
        "One 512×512 image on an A100; FID-5k (lower is better) and CLIP score (higher is better) on MS COCO 2017, "
        "FID-30k on MS COCO 2014. By FID-5k, one step after reflow and distillation comes before one step without "
        "reflow, and progressive distillation between them. Two different models are called 2-Rectified Flow: the "
        "first one, and the one that was released. Four of these models never were: press a row to see the model that "
        "repeats it."
    ),
    "ours_title": "The same methods, trained and measured by this project",
    "ours_note": (
        "Up to {n} prompts, 95 % intervals below each value. The judge that reads the images was trained on real "
        "renders only; its feature distance is no FID and compares with none."
    ),
    "agreement": "Of {n} pairs of methods, {same} come in the paper's order, {opposite} in the opposite one, and "
    "{undecided} are too close to tell.",
    "agreement_distance": "Feature distance against FID-5k:",
    "agreement_clip": "CLIP score against CLIP score:",
    "agreement_opposite": "Other than in the paper,",
    "agreement_pair": "{better} comes before {worse}",
    "agreement_more": "{n} more",
    "plot_title": "Quality against time",
    "plot_x": "seconds per image, warm, one at a time (logarithmic)",
    "plot_y": "shows what was asked for",
    "plot_note": "How often the judge finds the prompt's concept, with its 95 % interval. Up and to the left is best.",
    "table_method": "Method",
    "table_source": "Source",
    "fid_5k": "FID-5k ↓",
    "fid_30k": "FID-30k ↓",
    "clip_published": "CLIP score ↑",
    "feature_distance": "feature distance ↓",
    "clip_score": "CLIP score ↑",
    "top1": "top-1 concept",
    "top5": "top-5 concept",
    "figure_count": "count",
    "figure_size": "size",
    "figure_colour": "colour",
    "figure_position": "position",
    "straightness": "bend of the path ↓",
    "try_title": "Try {title} now",
    "env_cpu": "CPU",
    "env_gpu": "GPU",
    "env_no_gpu": "none found",
    "env_ram": "RAM",
    "env_vram": "GPU memory",
    "env_disk": "Disk",
    "env_system": "System",
    "env_versions": "Versions",
    "env_used": "{used} of {total} used",
    "env_threads": "{cores} physical cores, {threads} threads",
}

_PORTUGUESE = {
    "title": "InstaFlow: um passo, não vinte e cinco",
    "hero": "Um passo. <em>Não vinte e cinco.</em>",
    "lead": (
        "O InstaFlow desenha uma imagem com uma única avaliação da rede. Escreva um comando e veja-o correr contra "
        "os modelos de muitos passos de que foi destilado, nesta mesma máquina."
    ),
    "hero_curve": "25 passos ao longo de uma curva",
    "hero_line": "1 passo em linha reta",
    "hero_alt": "Vinte e cinco passos curtos por uma curva, do ruído à imagem, e um único passo reto.",
    "honest": (
        "<b>O que os modelos incluídos sabem desenhar?</b> São miniaturas: 256×256 pixels, 379 coisas do dia "
        "a dia em estilos de emoji, com tamanhos, quantidades, posições e dez cores de fundo, em inglês e "
        "português. Outros comandos caem na coisa conhecida mais próxima. Todo tempo é medido nesta máquina."
    ),
    "prompt": "Comando",
    "prompt_hint": "Um cachorro grande",
    "models": "Modelos a comparar",
    "images": "Imagens por modelo",
    "seed": "Semente",
    "randomise": "Nova semente a cada execução",
    "refine": "Refinar com SDXL",
    "refine_info": "pelo refinador, a partir da semente de cada imagem; o tempo dele é contado à parte",
    "generate": "Gerar",
    "stop": "Parar",
    "advanced": (
        "Ajustes: comando negativo, passos, orientação, tamanho, precisão, dispositivo, motor, decodificador, gravação"
    ),
    "negative": "Comando negativo",
    "negative_hint": "O que a imagem não deve mostrar; só vale para modelos com orientação acima de 1",
    "negative_off": "Desligado: nenhum dos modelos escolhidos tem orientação acima de 1, sem a qual não tem efeito",
    "steps": "Passos",
    "guidance": "Orientação",
    "size": "Pixels por lado",
    "dtype": "Precisão",
    "dtype_info": "auto: float16 na GPU; na CPU float32, ou bfloat16 onde o OpenVINO ganha com isso",
    "device": "Dispositivo",
    "device_info": "auto: uma GPU CUDA se houver, senão a CPU",
    "backend": "Motor",
    "backend_info": "auto: na GPU, PyTorch compilado em segundo plano; na CPU, OpenVINO para os modelos incluídos, "
    "onde está instalado; eager: PyTorch como é",
    "decoder": "Decodificador",
    "decoder_info": (
        "full: o do próprio modelo; int8: o mesmo em 8 bits, pelo OpenVINO; tiny: um pequeno, mais rápido e menos fiel"
    ),
    "decoded_by": "decodificador {decoder}",
    "display": "Mostrar imagens",
    "save": "Salvar imagens",
    "save_info": "na pasta de --out, com tudo o que é preciso para refazê-las",
    "mode": "As imagens são feitas",
    "mode_single": "Uma a uma",
    "mode_batch": "Em lote",
    "comparison": "Comparação",
    "environment": "Medido em",
    "download": "Baixar",
    "download_csv": "Baixar CSV",
    "download_markdown": "Baixar Markdown",
    "fixed": "sempre um passo, sem orientação",
    "shipped": "incluído",
    "published": "nesta máquina",
    "needs_download": "precisa ser baixado",
    "unavailable": "indisponível",
    "step_count": "{n} passo",
    "steps_count": "{n} passos",
    "unavailable_models": "Ainda não estão nesta máquina ({n})",
    "download_title": "Baixar um modelo publicado",
    "download_model": "Modelo · tamanho · licença",
    "download_accept": "Li a licença do modelo e a aceito",
    "download_start": "Baixar",
    "download_begins": "Perguntando ao repositório o que existe…",
    "download_choose": "Escolha um modelo para baixar.",
    "download_here": "{title} já está nesta máquina.",
    "download_consent": "Aceite a licença primeiro: {licence}.",
    "download_failed": "O download não funcionou.",
    "download_done": "{title} já está aqui. Marque-o acima para usá-lo.",
    "download_stopped": "Parado. O que está completo fica; o próximo download busca o resto.",
    "folder_title": "Usar uma pasta sua para um modelo publicado",
    "folder_model": "Modelo",
    "folder": "Pasta no formato do diffusers, nesta máquina",
    "folder_use": "Usar",
    "folder_choose": "Escolha um modelo e indique a pasta dele.",
    "folder_failed": "Essa pasta não pode ser usada.",
    "folder_done": "{title} passa a vir de lá. Marque-o acima para usá-lo.",
    "warming": "Aquecendo: os modelos incluídos estão sendo carregados. Você já pode clicar em Gerar.",
    "warm": "Pronto.",
    "waiting_device": "Esperando o dispositivo…",
    "running": "Executando: {done} de {total} modelos terminados.",
    "finished": "Terminado: {done} de {total} modelos.",
    "stopped_status": "Parado. As imagens prontas ficam.",
    "nothing_running": "Nada está em execução.",
    "phase_waiting": "Esperando a sua vez",
    "phase_loading": "Carregando o modelo…",
    "phase_loading_refiner": "Carregando o refinador…",
    "phase_starting": "Lendo o comando…",
    "phase_stopped": "Parado depois do passo {step} de {steps}.",
    "phase_stopped_early": "Parado antes do primeiro passo.",
    "phase_failed": "Não foi possível executar",
    "progress_pass": "Imagem {first} de {total}",
    "progress_batch": "Imagens {first}–{last} de {total}",
    "progress_step": "passo {step}/{steps}",
    "progress_sample": "base {step}/{steps}",
    "progress_upsample": "ampliação {step}/{steps}",
    "progress_refine": "refinador {step}/{steps}",
    "enlarging": "a ampliação vem a seguir",
    "elapsed": "{s} decorridos",
    "remaining": "faltam {s}",
    "decoding": "decodificando",
    "speed": "{n} it/s",
    "per_image": "por imagem",
    "images_per_second": "imagens/s",
    "evaluations": "avaliações da rede por imagem",
    "evaluations_short": "avaliações da rede",
    "peak": "pico de memória",
    "steps_per_second": "it/s",
    "cold": "frio",
    "warm_run": "quente",
    "warm_note": "As médias são só das passagens quentes.",
    "cold_note": "Primeira passagem deste modelo: fria, mais lenta que as próximas.",
    "stage_load": "carga",
    "stage_text": "texto",
    "stage_sample": "amostragem",
    "stage_upsample": "ampliação",
    "stage_decode": "decodificação",
    "already_loaded": "já carregado",
    "image": "Imagem",
    "image_seed": "Semente",
    "time": "Tempo",
    "refined": "Refinada pelo refinador SDXL em {s}, que não entram no tempo",
    "hidden_images": "As imagens estão ocultas pelos seus ajustes; {n} feitas.",
    "fastest": "{n}× mais rápido",
    "slowest": "o mais lento",
    "table_system": "Sistema",
    "table_images": "Imagens",
    "table_mode": "Modo",
    "table_steps": "Passos",
    "table_times": "Tempo de cada imagem",
    "table_speed": "it/s",
    "table_seconds": "s/imagem",
    "table_speedup": "Aceleração",
    "table_note": (
        "Segundos por imagem, imagens por segundo e avaliações da rede comparam os sistemas com justiça. Iterações por "
        "segundo contam passos de remoção de ruído: um modelo de um passo tem poucas, por mais rápido que seja."
    ),
    "tab_compare": "Comparar",
    "tab_results": "Resultados",
    "tab_benchmark": "Desempenho",
    "bench_lead": (
        "<b>Quão rápida é esta máquina?</b> Tudo o que estiver marcado é medido por turnos, rodada após rodada, para "
        "que o resto que acontece aqui atrase tudo por igual. Cada passagem tem um comando só seu, e a primeira, que "
        "carrega e compila, é contada à parte. Feche outros programas para ter números em que se possa confiar."
    ),
    "bench_models": "Modelos a medir",
    "bench_repeats": "Repetições",
    "bench_repeats_info": "passagens quentes de cada caso, depois de uma que não conta",
    "bench_repeats_range": "As repetições devem ser um número inteiro de 1 a {most}.",
    "bench_batches": "Tamanhos de lote",
    "bench_batches_info": "imagens feitas numa passagem",
    "bench_stock": "Também o pipeline original do diffusers, com os mesmos pesos",
    "bench_start": "Começar",
    "bench_choose": "Escolha pelo menos um, e só destes: {choices}.",
    "bench_too_many": (
        "Seriam {n} imagens, e outros esperam por esta máquina: escolha menos repetições, modelos ou tamanhos de lote, "
        "para no máximo {most}."
    ),
    "bench_pass": "Passagem {n} de {passes}",
    "bench_finished": "Terminado: {n} passagens.",
    "bench_stopped": "Parado. O que foi medido fica.",
    "bench_title": "Tempos",
    "bench_here": "Esta máquina",
    "bench_there": "{machine}, do arquivo",
    "bench_median": "mediana da passagem (s)",
    "bench_iqr": "IQR (s)",
    "bench_p95": "p95 (s)",
    "bench_n": "n",
    "bench_cold": "frio (s)",
    "bench_load": "carga (s)",
    "bench_batch": "lote",
    "bench_batch_of": "lote de {n}",
    "bench_peak": "pico de memória (MB)",
    "bench_note": (
        "Iterações por segundo enganam entre sistemas: contam passos de remoção de ruído, dos quais um modelo de um "
        "passo tem um por mais rápido que seja, e deixam de fora texto e decodificação; compare segundos por imagem."
    ),
    "bench_chart": "Para onde vai o tempo",
    "bench_chart_note": "Segundos por imagem em cada etapa, medianas das passagens quentes, todas na mesma escala.",
    "bench_refused": "Não medido: {case}",
    "bench_import": "Comparar com outra máquina: um arquivo JSON que esta página ou “benchmark --json” escreveu lá",
    "bench_imported": "Lido: {machine}, linhas: {n}.",
    "bench_later": "Aparecem quando a medição terminar.",
    "bench_unread": "Esse arquivo não pode ser mostrado.",
    "bench_too_large": (
        "Só são lidos arquivos de texto de no máximo {kb} KB: escolha um que “benchmark --json” tenha escrito."
    ),
    "bench_forget": "Remover a outra máquina",
    "download_json": "Baixar JSON",
    "paper_title": "O que o artigo relata",
    "paper_note": (
        "Uma imagem de 512×512 numa A100; FID-5k (menor é melhor) e CLIP score (maior é melhor) no MS COCO 2017, "
        "FID-30k no MS COCO 2014. Pela FID-5k, um passo depois de reflow e destilação vem antes de um passo sem "
        "reflow, e a destilação progressiva fica entre os dois. Dois modelos diferentes se chamam 2-Rectified Flow: o "
        "primeiro, e o que foi publicado. Quatro destes modelos nunca foram: aperte uma linha para ver o modelo que a "
        "repete."
    ),
    "ours_title": "Os mesmos métodos, treinados e medidos por este projeto",
    "ours_note": (
        "Até {n} comandos, com intervalos de 95 % abaixo de cada valor. O juiz que lê as imagens foi treinado só com "
        "cenas reais; a distância entre atributos não é uma FID e não se compara com nenhuma."
    ),
    "agreement": "De {n} pares de métodos, {same} vêm na ordem do artigo, {opposite} na ordem contrária, e {undecided} "
    "estão próximos demais para dizer.",
    "agreement_distance": "Distância entre atributos contra FID-5k:",
    "agreement_clip": "CLIP score contra CLIP score:",
    "agreement_opposite": "Ao contrário do artigo,",
    "agreement_pair": "{better} vem antes de {worse}",
    "agreement_more": "mais {n}",
    "plot_title": "Qualidade e tempo",
    "plot_x": "segundos por imagem, aquecido, uma de cada vez (logarítmico)",
    "plot_y": "mostra o que foi pedido",
    "plot_note": (
        "Quantas vezes o juiz encontra o conceito do comando, com seu intervalo de 95 %. Acima e à esquerda é melhor."
    ),
    "table_method": "Método",
    "table_source": "Fonte",
    "fid_5k": "FID-5k ↓",
    "fid_30k": "FID-30k ↓",
    "clip_published": "CLIP score ↑",
    "feature_distance": "distância entre atributos ↓",
    "clip_score": "CLIP score ↑",
    "top1": "conceito (1º)",
    "top5": "conceito (5 primeiros)",
    "figure_count": "quantidade",
    "figure_size": "tamanho",
    "figure_colour": "cor",
    "figure_position": "posição",
    "straightness": "curvatura do caminho ↓",
    "try_title": "Experimentar {title} agora",
    "env_cpu": "CPU",
    "env_gpu": "GPU",
    "env_no_gpu": "nenhuma encontrada",
    "env_ram": "RAM",
    "env_vram": "Memória da GPU",
    "env_disk": "Disco",
    "env_system": "Sistema",
    "env_versions": "Versões",
    "env_used": "{used} de {total} em uso",
    "env_threads": "{cores} núcleos físicos, {threads} threads",
}

TEXTS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {"en": MappingProxyType(_ENGLISH), "pt-BR": MappingProxyType(_PORTUGUESE)}
)


def say(language: Language, key: str, **values: object) -> str:
    """The text called `key`, with its {placeholders} filled in. Raises KeyError for a text that does not exist."""
    return TEXTS[language][key].format(**values)


def preferred(accept_language: str | None) -> Language:
    """The page's language for an Accept-Language header: the first entry that is Portuguese or English.

    >>> preferred("fr;q=0.9, pt-PT;q=0.8, en;q=0.5")
    'pt-BR'
    """
    for entry in (accept_language or "").split(","):
        primary = entry.split(";")[0].strip().lower().split("-")[0]
        if primary in ("pt", "en"):
            return "pt-BR" if primary == "pt" else "en"
    return "en"


def number(language: Language, value: float, digits: int) -> str:
    """`value` with `digits` decimals and the language's separators.

    >>> number("pt-BR", 1234.5, 1)
    '1.234,5'
    """
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "pt-BR" else text


def seconds(language: Language, value: float) -> str:
    """A duration with three figures that mean something: "0.123 s", "4.56 s", "78.9 s", "12 min 5 s"."""
    if value >= 120:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min {rest} s"
    digits = 3 if value < 1 else 2 if value < 10 else 1
    return f"{number(language, value, digits)} s"


def gigabytes(language: Language, value: float) -> str:
    """Bytes as "512 MB" or "15.6 GB" (powers of ten, as disks and downloads are sold)."""
    if value < 999.5e6:  # from there on it would be "1,000 MB"
        return f"{number(language, value / 1e6, 0)} MB"
    return f"{number(language, value / 1e9, 1)} GB"


_ABOUT_REQUESTS = (
    (
        r"(?P<what>Steps|Guidance|Size|The seed|The number of images) must be (?P<kind>a whole number |a number |a "
        r"multiple of 64 pixels )?from (?P<low>\S+) to (?P<high>[\d,.]*\d)(?P<whose> for (?!a random).+?)?"
        r"(?P<random>, or -1 for a random one)?(?P<instead>, not .+)?\.",
        "{what}: deve ser {kind}de {low} a {high}{whose}{random}{instead}.",
    ),
    (
        r"(?P<what>Steps|Guidance|Size) must be a number(?P<instead>, not .+)?: (?P<title>.+) always uses (?P<n>\S+)\.",
        "{what}: deve ser um número{instead}; {title} usa sempre {n}.",
    ),
    (
        r"(?P<what>[\w ]+) must be true or false(?P<instead>, not .+)?\.",
        "{what}: deve ser verdadeiro ou falso{instead}.",
    ),
    (
        r"(?P<what>[\w ]+) must be one of (?P<choices>\w+(?:, \w+)*)(?P<instead>, not the text .+)?\.",
        "{what}: deve ser um destes: {choices}{instead}.",
    ),
    (
        r"(?P<title>.+) always uses (?P<n>\S+) for (?P<what>steps|guidance|size)\.",
        "{title} usa sempre {n} em {what}.",
    ),
    (
        r"(?P<title>.+) is guided only above 1, so a guidance of (?P<times>\S+) is the same as none\.",
        "{title} só é orientado acima de 1; uma orientação de {times} é o mesmo que nenhuma.",
    ),
    (
        r"(?P<title>.+) ignores the negative prompt, because guidance is off at (?P<times>\S+)\.",
        "{title} ignora o comando negativo, porque a orientação está desligada em {times}.",
    ),
    (
        r"(?P<title>.+) ignores the negative prompt, because guidance is off at (?P<times>\S+); only the refiner reads "
        r"it\.",
        "{title} ignora o comando negativo, porque a orientação está desligada em {times}; só o refinador o lê.",
    ),
    (
        r"(?P<title>.+) always makes all images together, whether one by one or as a batch is asked for\.",
        "{title} faz sempre todas as imagens juntas, quer se peça uma a uma, quer em lote.",
    ),
    (
        r"(?P<title>.+) makes one image, which is the same one by one and as a batch\.",
        "{title} faz uma imagem só, o que dá no mesmo uma a uma e em lote.",
    ),
    (
        r"(?P<title>.+) is always run by PyTorch as it is, so the backend “(?P<backend>\w+)” has no effect\.",
        "{title} é sempre executado pelo PyTorch como é; o motor “{backend}” não tem efeito.",
    ),
    (
        r"(?P<title>.+) draws pixels, not latents, so the decoder “(?P<decoder>\w+)” has no effect\.",
        "{title} desenha pixels, não latentes; o decodificador “{decoder}” não tem efeito.",
    ),
    (r"(?P<title>.+) is not changed by (?P<files>.+): the scale is 0\.", "{title} não muda com {files}: a escala é 0."),
    (
        r"(?P<title>.+) is itself made from (?P<base>\S+), so adding its difference to that changes nothing\.",
        "{title} foi feito a partir de {base}; somar a diferença a ele não muda nada.",
    ),
    (
        r"(?P<n>[\d,]+) characters? that cannot be printed (?:was|were) left out of the (?P<what>.+)\.",
        "Caracteres que não se podem imprimir ficaram de fora do {what}: {n}.",
    ),
    (r"The (?P<what>negative prompt) is blank, so it has no effect\.", "O {what} está em branco e não tem efeito."),
    (
        r"(?P<title>.+) reads at most (?P<n>\d+) tokens of the (?P<what>prompt|negative prompt), so this was left out: "
        r"(?P<cut>.+)\.",
        "{title} lê no máximo {n} tokens do {what}; isto ficou de fora: {cut}.",
    ),
    (
        r"(?P<title>.+) has no token for this in the (?P<what>prompt|negative prompt), and does not see it: "
        r"(?P<cut>.+)\.",
        "{title} não tem token para isto no {what}, e não o vê: {cut}.",
    ),
    (
        r"PyTorch has no decoder in 8 bits, so the backend “(?P<backend>\w+)” is not timed with “int8”\.",
        "O PyTorch não tem decodificador em 8 bits; o motor “{backend}” não é medido com “int8”.",
    ),
    (
        r"The stock pipeline has no decoder “(?P<decoder>\w+)”, so it is timed with “full”\.",
        "O pipeline original não tem o decodificador “{decoder}”; é medido com “full”.",
    ),
)
# groups of the patterns above that are words of the code below the page
_WORDS = {
    "Steps": "Passos",
    "Guidance": "Orientação",
    "Size": "Tamanho",
    "The seed": "Semente",
    "The number of images": "Número de imagens",
    "Precision": "Precisão",
    "Device": "Dispositivo",
    "Backend": "Motor",
    "Decoder": "Decodificador",
    "Batched": "Em lote",
    "Save": "Salvar",
    "Refine": "Refinar",
    "steps": "passos",
    "guidance": "orientação",
    "size": "tamanho",
    "prompt": "comando",
    "negative prompt": "comando negativo",
    "a whole number ": "um número inteiro ",
    "a number ": "um número ",
    "a multiple of 64 pixels ": "um múltiplo de 64 pixels ",
    ", or -1 for a random one": ", ou -1 para uma ao acaso",
}
# why a checkpoint's noise schedule cannot be followed
_STEPS_REFUSED = (
    (r"it is missing, or not an object in JSON\.", "falta, ou não é um objeto em JSON."),
    (
        r"(?P<name>.+) follows no schedule of betas, as DPM-Solver and Euler's method must\.",
        "{name} não segue uma sequência de betas, de que DPM-Solver e o método de Euler precisam.",
    ),
    (r"it gives no (?P<n>\S+) steps of falling noise\.", "não dá {n} passos de ruído decrescente."),
    (r"no scheduler here has a field (?P<field>“.+”)\.", "nenhum agendador daqui tem um campo {field}."),
    (r"(?P<field>“.+”) is (?P<value>.+), and can be: (?P<values>.+)\.", "{field} é {value}, e pode ser: {values}."),
    (
        r"(?P<field>“.+”) is (?P<value>.+), and can be from (?P<low>\S+) to (?P<high>\S+)\.",
        "{field} é {value}, e pode ir de {low} a {high}.",
    ),
    (
        r"(?P<field>“.+”) is (?P<value>.+), and not (?P<n>\S+) numbers between 0 and 1\.",
        "{field} é {value}, e não {n} números entre 0 e 1.",
    ),
    (
        r"(?P<one>“.+”) and (?P<a>a|the) (?P<other>“.+”) (?P<of>of )?(?P<value>“?\w+”?) exclude each other\.",
        "{one} e {other} {value} excluem-se.",
    ),
    (r"(?P<one>“.+”) and (?P<other>“.+”) exclude each other\.", "{one} e {other} excluem-se."),
    (r"(?P<one>“.+”) needs scipy \((?P<command>“.+”)\)\.", "{one} precisa de scipy ({command})."),
)

_SENTENCES = (
    # folders: what cannot be kept, and what people name
    (
        r"OpenVINO's networks cannot be kept in (?P<folder>.+) \((?P<why>.+)\), so they are in (?P<spare>.+) until the "
        r"system empties that: set (?P<setting>\w+) to a folder that can be written to and has room\.",
        "As redes do OpenVINO não podem ser guardadas em {folder} ({why}); por isso estão em {spare} até que o sistema "
        "esvazie essa pasta: aponte {setting} para uma pasta em que se possa escrever e haja espaço.",
    ),
    (
        r"Compiled code cannot be kept in (?P<folder>.+) \((?P<why>.+)\), so it is in (?P<spare>.+) until the system "
        r"empties that: set (?P<setting>\w+) to a folder that can be written to and has room\.",
        "O código compilado não pode ser guardado em {folder} ({why}); por isso está em {spare} até que o sistema "
        "esvazie essa pasta: aponte {setting} para uma pasta em que se possa escrever e haja espaço.",
    ),
    (
        r"Downloads cannot be kept in (?P<folder>.+) \((?P<why>.+)\), so they are in (?P<spare>.+) until the system "
        r"empties that: set (?P<setting>\w+) to a folder that can be written to and has room\.",
        "O que é baixado não pode ser guardado em {folder} ({why}); por isso está em {spare} até que o sistema esvazie "
        "essa pasta: aponte {setting} para uma pasta em que se possa escrever e haja espaço.",
    ),
    (
        r"OpenVINO's networks cannot be kept in (?P<folder>.+) \((?P<why>.+)\), so every start converts them again: "
        r"set (?P<setting>\w+) to a folder that can be written to and has room\.",
        "As redes do OpenVINO não podem ser guardadas em {folder} ({why}); por isso são convertidas a cada início: "
        "aponte {setting} para uma pasta em que se possa escrever e haja espaço.",
    ),
    (
        r"Compiled code cannot be kept in (?P<folder>.+) \((?P<why>.+)\), so every start compiles it again: set "
        r"(?P<setting>\w+) to a folder that can be written to and has room\.",
        "O código compilado não pode ser guardado em {folder} ({why}); por isso é compilado a cada início: aponte "
        "{setting} para uma pasta em que se possa escrever e haja espaço.",
    ),
    (
        r"Nothing can be fetched\. Downloads cannot be kept in (?P<folder>.+) \((?P<why>.+)\), so every start fetches "
        r"them again: set (?P<setting>\w+) to a folder that can be written to and has room\.",
        "Nada pode ser baixado, porque não pode ser guardado em {folder} ({why}): aponte {setting} para uma pasta em "
        "que se possa escrever e haja espaço.",
    ),
    (
        r"The image could not be saved in (?P<folder>.+) \((?P<why>.+)\): free some space or set TMPDIR to a folder "
        r"that can be written to and has room\.",
        "A imagem não pôde ser salva em {folder} ({why}): libere espaço ou aponte TMPDIR para uma pasta em que se "
        "possa escrever e haja espaço.",
    ),
    (
        r"(?P<path>.+) cannot be found \((?P<why>.+)\): name a folder that exists\.",
        "{path} não foi encontrado ({why}): indique uma pasta que exista.",
    ),
    (
        r"(?P<path>.+) is a pointer of Git LFS and not the file itself: run “git lfs pull” in its repository, or "
        r"download the file\.",
        "{path} é um ponteiro do Git LFS e não o próprio arquivo: execute “git lfs pull” no repositório dele, ou baixe "
        "o arquivo.",
    ),
    (
        r"(?P<path>.+) is a single file, and models are read from folders in diffusers' layout: convert it with "
        r"“(?P<command>.+)” and name (?P<target>.+)\. If it is a LoRA file, give it with --lora instead\.",
        "{path} é um arquivo único, e os modelos são lidos de pastas no formato do diffusers: converta-o com "
        "“{command}” e indique {target}. Se for um arquivo LoRA, indique-o com --lora.",
    ),
    (
        r"(?P<path>.+) is an archive: unpack it, and name the folder that comes out\.",
        "{path} é um arquivo compactado: descompacte-o e indique a pasta que sai dele.",
    ),
    (
        r"(?P<path>.+) is a file: name the folder that has (?P<parts>.+)\.",
        "{path} é um arquivo: indique a pasta que tem {parts}.",
    ),
    (
        r"(?P<path>.+) holds one network and not a whole model: name the folder that it is a part of\.",
        "{path} tem uma só rede e não um modelo inteiro: indique a pasta de que ela faz parte.",
    ),
    (
        r"(?P<path>.+) holds several checkpoints \((?P<names>.+)\): name the folder of one\.",
        "{path} tem vários modelos ({names}): indique a pasta de um deles.",
    ),
    (
        r"(?P<path>.+) is of a hub's cache and holds several revisions \((?P<names>.+)\): name a folder in its "
        r"“snapshots”\.",
        "{path} é do cache de um hub e tem várias revisões ({names}): indique uma pasta em “snapshots”.",
    ),
    (
        r"(?P<path>.+) is of a hub's cache and holds no files: download the model again\.",
        "{path} é do cache de um hub e não tem arquivos: baixe o modelo de novo.",
    ),
    (
        r"PyTorch is compiling this model for this size: in a minute or two it will be faster\.",
        "O PyTorch está compilando este modelo para este tamanho: em um ou dois minutos ele será mais rápido.",
    ),
    (
        r"PyTorch has compiled this model for this size: it is (?P<times>[\d.]+) times as fast as before\.",
        "O PyTorch compilou este modelo para este tamanho: ele está {times} vezes mais rápido do que antes.",
    ),
    (
        r"PyTorch could not compile this model for this size, so it runs as it is; the log says why\.",
        "O PyTorch não conseguiu compilar este modelo para este tamanho; ele é executado como é, e o log diz por quê.",
    ),
    (
        r"The backend (?P<backend>\w+) cannot run this: install it with “(?P<command>.+)”, or choose the backend "
        r"“auto”\.",
        "O motor {backend} não pode executar isto: instale-o com “{command}”, ou escolha o motor “auto”.",
    ),
    (
        r"The backend (?P<backend>\w+) cannot run this: choose the device “cpu”, or choose the backend “auto”\.",
        "O motor {backend} não pode executar isto: escolha o dispositivo “cpu”, ou o motor “auto”.",
    ),
    (
        r"The backend (?P<backend>\w+) cannot run this: choose the precision “float32” or “bfloat16”, or choose the "
        r"backend “auto”\.",
        "O motor {backend} não pode executar isto: escolha a precisão “float32” ou “bfloat16”, ou o motor “auto”.",
    ),
    (
        r"There is no int8 decoder here: it runs with OpenVINO on a CPU, for the shipped models: “(?P<command>.+)”, or "
        r"choose another one\.",
        "Não há aqui um decodificador int8: ele usa o OpenVINO na CPU, para os modelos incluídos: “{command}”, ou "
        "escolha outro.",
    ),
    (
        r"There is no tiny decoder here: “(?P<command>.+)” brings one for Stable Diffusion's latents, or choose "
        r"“full”\.",
        "Não há aqui um decodificador tiny: “{command}” traz um para os latentes do Stable Diffusion, ou escolha "
        "“full”.",
    ),
    (
        r"Memory is too short for (?P<n>\d+) images at once: choose a smaller batch\.",
        "Falta memória para {n} imagens de uma vez: escolha um lote menor.",
    ),
    (
        r"This is no file of a benchmark: choose one that “benchmark --json” wrote\.",
        "Este não é um arquivo de medição: escolha um que “benchmark --json” tenha escrito.",
    ),
    (r"Describe the image you want: the prompt is empty\.", "Descreva a imagem que você quer: o comando está vazio."),
    (r"Choose at least one model\.", "Escolha pelo menos um modelo."),
    (
        r"The (?:negative )?prompt is too long \((?P<n>[\d,]+) characters\): use at most (?P<most>\d+)\.",
        "O comando é longo demais ({n} caracteres): use no máximo {most}.",
    ),
    (
        r"This processor computes (?P<dtype>\S+) far more slowly than float32, so float32 is used instead\.",
        "Este processador calcula {dtype} muito mais devagar que float32; por isso é usado float32.",
    ),
    (
        r"There is no usable CUDA GPU here: choose the device “auto” or “cpu”, or install a CUDA build of torch and "
        r"its driver\.",
        "Não há aqui uma GPU CUDA utilizável: escolha o dispositivo “auto” ou “cpu”, ou instale o driver e um torch "
        "com CUDA.",
    ),
    (
        r"(?P<title>.+) is not on this machine\. It is a download of about (?P<size>\S+) GB under the licence "
        r"(?P<licence>.+): add --download to the command, or run “hf download (?P<source>\S+)”\.",
        "{title} não está nesta máquina. São cerca de {size} GB para baixar, sob a licença {licence}: acrescente "
        "--download ao comando, ou execute “hf download {source}”.",
    ),
    (
        r"(?P<title>.+) is not on this machine \((?P<part>.+) is missing from (?P<folder>.+)\)\. It is a download of "
        r"about (?P<size>\S+) GB under the licence (?P<licence>.+): add --download to the command “(?P<command>.+)”\.",
        "{title} não está nesta máquina (falta {part} em {folder}). São cerca de {size} GB para baixar, sob a licença "
        "{licence}: acrescente --download ao comando “{command}”.",
    ),
    (
        r"(?P<title>.+) (?:is not in|lacks its file|has a damaged file,) (?P<name>.+): restore assets/models from the "
        r"repository, for example with (?P<command>.+)\.",
        "{title} está incompleto ou danificado ({name}): restaure assets/models do repositório, por exemplo com "
        "{command}.",
    ),
    (
        r"(?P<title>.+) has a file of unknown origin, (?P<name>.+): remove it\.",
        "{title} tem um arquivo de origem desconhecida, {name}: remova-o.",
    ),
    # checkpoints that are not what they should be
    (
        r"(?P<title>.+) could not be read from (?P<folder>.+) \((?P<why>.+)\): restore it\.",
        "Não foi possível ler {title} de {folder} ({why}): restaure-o.",
    ),
    (
        r"(?P<file>.+) is missing: restore it, or download it again\.",
        "Falta {file}: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is a link to a file that is not there: restore it, or download it again\.",
        "{file} é um link para um arquivo que não existe: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) cannot be read \((?P<why>.+)\): restore it, or download it again\.",
        "Não é possível ler {file} ({why}): restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is a folder, not a file: restore it, or download it again\.",
        "{file} é uma pasta, não um arquivo: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is a named pipe, not a file: restore it, or download it again\.",
        "{file} é um pipe nomeado, não um arquivo: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is a socket, not a file: restore it, or download it again\.",
        "{file} é um socket, não um arquivo: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is a device, not a file: restore it, or download it again\.",
        "{file} é um dispositivo, não um arquivo: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is something else, not a file: restore it, or download it again\.",
        "{file} é outra coisa, não um arquivo: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is a Git LFS pointer, not the file that it stands for: run “git lfs pull” in "
        r"(?P<folder>.+)\.",
        "{file} é um ponteiro do Git LFS, não o arquivo que ele representa: execute “git lfs pull” em {folder}.",
    ),
    (
        r"(?P<file>.+) has (?P<count>\d+) MB, too many for settings: restore it, or download it again\.",
        "{file} tem {count} MB, o que é demais para configurações: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is not valid JSON: restore it, or download it again\.",
        "{file} não é JSON válido: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) does not hold a JSON object: restore it, or download it again\.",
        "{file} não contém um objeto JSON: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) cannot be read as a PyTorch file of plain tensors: download it again\.",
        "{file} não pode ser lido como um arquivo de tensores do PyTorch: baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) holds no dictionary of tensors: it is another kind of file\.",
        "{file} não contém um dicionário de tensores: é outro tipo de arquivo.",
    ),
    (
        r"In (?P<file>.+), (?P<name>\S+) has values that are not finite numbers: download it again\.",
        "Em {file}, {name} tem valores que não são números finitos: baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is not a safetensors file: download it again\.",
        "{file} não é um arquivo safetensors: baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is cut off: (?P<here>\S+) bytes of (?P<whole>\S+) are there; download it again\.",
        "{file} está cortado: há {here} bytes de {whole}; baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is compressed, as PyTorch's files are not: download it again\.",
        "{file} está comprimido, o que arquivos do PyTorch não são: baixe-o de novo.",
    ),
    (
        r"In (?P<file>.+), (?P<name>\S+) is larger than what the file holds of it: download it again\.",
        "Em {file}, {name} é maior do que o que o arquivo contém: baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is of a quantised network, which cannot be read here: use its plain weights\.",
        "{file} é de uma rede quantizada, que não se lê aqui: use os pesos sem quantização.",
    ),
    (
        r"(?P<file>.+) lacks “(?P<name>\w+)”: restore it, or download it again\.",
        "Em {file} falta “{name}”: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"In (?P<file>.+), “(?P<name>\w+)” is (?P<value>.+), which cannot be: restore it, or download it again\.",
        "Em {file}, “{name}” é {value}, o que não pode ser: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) is of a (?P<what>.+), and a (?P<wanted>\w+) is needed here: name a folder that holds one\.",
        "{file} é de um {what}, e aqui é preciso um {wanted}: indique uma pasta que tenha um.",
    ),
    (
        r"(?P<file>.+) describes no network that can be built \((?P<why>.+)\): restore it, or download it again\.",
        "{file} não descreve uma rede que se possa construir ({why}): restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) describes a network that is far larger than its (?P<count>\d+) tensors: restore it, or "
        r"download it again\.",
        "{file} descreve uma rede muito maior que os seus {count} tensores: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) has (?P<name>\S+) in two files: restore it, or download it again\.",
        "{folder} tem {name} em dois arquivos: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) has no (?P<name>\S+) in (?P<file>\S+), where its index says that it is: restore it, or "
        r"download it again\.",
        "{folder} não tem {name} em {file}, onde o índice diz que está: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) holds no weights: restore it, or download it again\.",
        "{folder} não contém pesos: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) lacks the index of its (?P<count>\d+) files of weights: restore it, or download it "
        r"again\.",
        "Em {folder} falta o índice dos {count} arquivos de pesos: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) does not say which file each tensor is in: restore it, or download it again\.",
        "{file} não diz em que arquivo está cada tensor: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<file>.+) names (?P<other>.+), which is no file of weights beside it: restore it, or download it "
        r"again\.",
        "{file} indica {other}, que não é um arquivo de pesos ao lado dele: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) lacks (?P<count>\d+) of the (?P<all>\d+) tensors that its config\.json asks for, the "
        r"first (?P<name>\S+): restore it, or download it again\.",
        "Em {folder} faltam {count} dos {all} tensores que o config.json pede, o primeiro {name}: restaure-o, ou "
        "baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) has (?P<count>\d+) more tensors than its config\.json asks for, the first (?P<name>\S+): "
        r"restore it, or download it again\.",
        "{folder} tem {count} tensores a mais do que o config.json pede, o primeiro {name}: restaure-o, ou "
        "baixe-o de novo.",
    ),
    (
        r"(?P<folder>.+) has (?P<count>\d+) tensors of another shape than its config\.json asks for; the first, "
        r"(?P<name>\S+), is (?P<theirs>.+) and not (?P<ours>.+): restore it, or download it again\.",
        "{folder} tem {count} tensores de outra forma que a pedida pelo config.json; o primeiro, {name}, é "
        "{theirs} e não {ours}: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"In (?P<file>.+), (?P<name>\S+) is stored as (?P<what>\S+), which cannot be read here: use the "
        r"checkpoint's plain weights\.",
        "Em {file}, {name} está guardado como {what}, que não se lê aqui: use os pesos sem quantização.",
    ),
    (
        r"The U-Net in (?P<unet>.+) takes (?P<channels>\d+) channels, and the latents of the autoencoder in "
        r"(?P<vae>.+) have (?P<latents>\d+): name a folder whose parts belong together\.",
        "A U-Net em {unet} recebe {channels} canais, e os latentes do autoencoder em {vae} têm {latents}: "
        "indique uma pasta cujas partes sejam do mesmo modelo.",
    ),
    (
        r"The U-Net in (?P<unet>.+) takes (?P<channels>\d+) channels, and the latents of the autoencoder in "
        r"(?P<vae>.+) have (?P<latents>\d+): name a folder whose parts belong together\. It is for inpainting\.",
        "A U-Net em {unet} recebe {channels} canais, e os latentes do autoencoder em {vae} têm {latents}: "
        "indique uma pasta cujas partes sejam do mesmo modelo. Ela é para inpainting.",
    ),
    (
        r"The U-Net in (?P<unet>.+) gives (?P<channels>\d+) channels, and the latents of the autoencoder in "
        r"(?P<vae>.+) have (?P<latents>\d+): name a folder whose parts belong together\.",
        "A U-Net em {unet} devolve {channels} canais, e os latentes do autoencoder em {vae} têm {latents}: "
        "indique uma pasta cujas partes sejam do mesmo modelo.",
    ),
    (
        r"The U-Net in (?P<unet>.+) gives (?P<channels>\d+) channels, and the latents of the autoencoder in "
        r"(?P<vae>.+) have (?P<latents>\d+): name a folder whose parts belong together\. It is for inpainting\.",
        "A U-Net em {unet} devolve {channels} canais, e os latentes do autoencoder em {vae} têm {latents}: "
        "indique uma pasta cujas partes sejam do mesmo modelo. Ela é para inpainting.",
    ),
    (
        r"The U-Net in (?P<unet>.+) reads text states of width (?P<reads>\S+), and those of the text encoder in "
        r"(?P<text>.+) have (?P<width>\d+): name a folder whose parts belong together\.",
        "A U-Net em {unet} lê estados de texto de largura {reads}, e os do codificador de texto em {text} têm "
        "{width}: indique uma pasta cujas partes sejam do mesmo modelo.",
    ),
    (
        r"The U-Net in (?P<unet>.+) wants to be told more than a prompt \(“(?P<name>\w+)” is (?P<value>.+)\): "
        r"name a folder with a U-Net in Stable Diffusion's layout\.",
        "A U-Net em {unet} pede mais que um comando (“{name}” é {value}): indique uma pasta com uma U-Net no "
        "formato do Stable Diffusion.",
    ),
    (
        r"The tiny decoder in (?P<tiny>.+) takes (?P<channels>\d+) channels, and the latents of the autoencoder "
        r"in (?P<vae>.+) have (?P<latents>\d+): name a folder whose parts belong together\.",
        "O decodificador pequeno em {tiny} recebe {channels} canais, e os latentes do autoencoder em {vae} têm "
        "{latents}: indique uma pasta cujas partes sejam do mesmo modelo.",
    ),
    (
        r"(?P<folder>.+) holds another model than (?P<title>.+): name a folder that holds it\.",
        "{folder} contém outro modelo que não {title}: indique uma pasta que o contenha.",
    ),
    (
        r"In (?P<file>.+), “(?P<name>\w+)” is (?P<value>.+), and GLIDE's is (?P<wanted>.+): name a folder whose "
        r"parts belong together\.",
        "Em {file}, “{name}” é {value}, e no GLIDE é {wanted}: indique uma pasta cujas partes sejam do mesmo modelo.",
    ),
    (
        r"(?P<folder>.+) holds no tokenizer that can be read \((?P<why>.+)\): restore it, or download it again\.",
        "{folder} não contém um tokenizador que se possa ler ({why}): restaure-o, ou baixe-o de novo.",
    ),
    (
        r"In (?P<file>.+), “model_max_length” is (?P<value>.+), and the text encoder reads (?P<count>\d+) tokens: "
        r"name a folder whose parts belong together\.",
        "Em {file}, “model_max_length” é {value}, e o codificador de texto lê {count} tokens: indique uma pasta "
        "cujas partes sejam do mesmo modelo.",
    ),
    (
        r"The tokenizer in (?P<folder>.+) has words up to number (?P<last>\d+), and the text encoder knows "
        r"(?P<rows>\d+): name a folder whose parts belong together\.",
        "O tokenizador em {folder} tem palavras até o número {last}, e o codificador de texto conhece {rows}: "
        "indique uma pasta cujas partes sejam do mesmo modelo.",
    ),
    (
        r"The tokenizer in (?P<folder>.+) has (?P<count>\d+) words that no merge makes: its merges are cut off\. "
        r"Restore them, or download them again\.",
        "O tokenizador em {folder} tem {count} palavras que nenhuma junção forma: as junções estão cortadas. "
        "Restaure-as, ou baixe-as de novo.",
    ),
    (
        r"The tokenizer in (?P<folder>.+) does not read text as its files say: restore it, or download it again\.",
        "O tokenizador em {folder} não lê texto como os seus arquivos dizem: restaure-o, ou baixe-o de novo.",
    ),
    (
        r"The network in (?P<folder>.+) does not work as its config\.json has it \((?P<why>.+)\): restore it, or "
        r"download it again\.",
        "A rede em {folder} não funciona como o config.json a descreve ({why}): restaure-o, ou baixe-o de novo.",
    ),
    (
        r"The network in (?P<folder>.+) gives (?P<made>.+), where (?P<wanted>.+) is needed: name a folder whose "
        r"parts belong together\.",
        "A rede em {folder} devolve {made}, onde é preciso {wanted}: indique uma pasta cujas partes sejam do "
        "mesmo modelo.",
    ),
    (
        r"(?P<words>.+) and (?P<merges>\S+) do not belong together: put (?P<both>.+) of (?P<source>\S+) in their "
        r"place\.",
        "{words} e {merges} não são do mesmo tokenizador: ponha {both} de {source} no lugar deles.",
    ),
    (
        r"(?P<title>.+) is only partly in the cache \((?P<part>.+) is missing\): run “(?P<command>.+)” again\.",
        "{title} está só em parte no cache (falta {part}): execute “{command}” de novo.",
    ),
    (
        r"(?P<title>.+) is not in (?P<folder>.+), which lacks (?P<part>.+) or its weights: name a folder that has "
        r"(?P<parts>.+)\.",
        "{title} não está em {folder}, onde falta {part} ou os pesos: indique uma pasta que tenha {parts}.",
    ),
    (
        r"(?P<folder>.+) holds (?P<title>.+) as OpenAI published it, which is converted once: run “(?P<command>.+)”, "
        r"after which no folder need be named\.",
        "{folder} tem {title} como a OpenAI o publicou, o que se converte uma vez: execute “{command}”; depois disso "
        "não é preciso indicar pasta.",
    ),
    (
        r"(?P<title>.+) needs (?P<size>\S+) GB, and (?P<folder>.+) has (?P<free>\S+) GB free: make room, or set "
        r"(?P<setting>\w+) to a folder on another disk\.",
        "{title} precisa de {size} GB, e {folder} tem {free} GB livres: libere espaço, ou aponte {setting} para uma "
        "pasta em outro disco.",
    ),
    (
        r"(?P<title>.+) is for those who accept its licence: do so at (?P<page>.+), run “hf auth login”, and try "
        r"again\.",
        "{title} é para quem aceita a licença: aceite-a em {page}, execute “hf auth login” e tente de novo.",
    ),
    (
        r"(?P<title>.+) is not at (?P<page>.+), or not for you: run “hf auth login”, or name a folder with --model-dir "
        r"(?P<id>.+)=FOLDER\.",
        "{title} não está em {page}, ou não para você: execute “hf auth login”, ou indique uma pasta com --model-dir "
        "{id}=PASTA.",
    ),
    (
        r"(?P<title>.+) (?:cannot|could not) be fetched, because HF_HUB_OFFLINE or --offline rules the network out: "
        r"unset it\.",
        "{title} não pode ser baixado, porque HF_HUB_OFFLINE ou --offline exclui a rede: desligue essa opção.",
    ),
    (
        r"(?P<title>.+) could not be fetched \((?P<why>.+)\): check the network and the disk, and try again\. Files "
        r"that are complete are kept\.",
        "{title} não pôde ser baixado ({why}): verifique a rede e o disco, e tente de novo. Os arquivos completos "
        "ficam.",
    ),
    (
        r"(?P<name>.+) of (?P<title>.+) came damaged and was removed: run the download again\.",
        "{name} de {title} veio danificado e foi removido: execute o download de novo.",
    ),
    (
        r"(?P<title>.+) needs about (?P<size>\S+) GB of memory, (?P<free>\S+) GB free\.",
        "{title} precisa de cerca de {size} GB de memória; há {free} GB livres.",
    ),
    (
        r"(?P<title>.+) needs at least (?P<size>\S+) GB of memory on (?P<device>\S+), and (?P<free>\S+) GB are free: "
        r"close other programs(?P<cpu>, choose the device “cpu”)?, or choose a smaller model\.",
        "{title} precisa de pelo menos {size} GB de memória em {device}, e há {free} GB livres: feche outros "
        "programas, ou escolha um modelo menor ou outro dispositivo.",
    ),
    (
        r"(?P<device>\S+) has too little free memory for one (?P<pixels>\S+) image of (?P<title>.+)\. Choose a smaller "
        r"size, close other programs that use it, or choose another device\.",
        "{device} tem pouca memória livre para uma imagem {pixels} de {title}. Escolha um tamanho menor, feche outros "
        "programas que a usam, ou escolha outro dispositivo.",
    ),
    (
        r"Memory is short: images are decoded one by one\.",
        "Falta memória: as imagens são decodificadas uma a uma.",
    ),
    (
        r"Memory is short: images are decoded in tiles, which can show faint seams\.",
        "Falta memória: as imagens são decodificadas em partes, cujas emendas podem aparecer de leve.",
    ),
    (
        r"Memory is short: each network is on the device only while it works, which is slower\.",
        "Falta memória: cada rede fica no dispositivo só enquanto trabalha, o que é mais lento.",
    ),
    (
        r"Memory ran out, so this batch was made in parts: the images are the same, and their times longer\.",
        "Faltou memória, e por isso este lote foi feito em partes: as imagens são as mesmas, e os tempos, maiores.",
    ),
    (
        r"The safety checker blocked this image, rightly or not: try another prompt or seed\.",
        "O verificador de segurança bloqueou esta imagem, com ou sem razão: tente outro comando ou outra semente.",
    ),
    *(
        (
            r"(?P<title>.+) cannot take its steps as (?P<file>.+) says: "
            rf"{why} Restore the file, or take the one of the model that it was made from\.",
            f"{{title}} não pode dar os passos que {{file}} diz: {porque} Restaure o arquivo, ou use o do modelo de "
            "que este foi feito.",
        )
        for why, porque in _STEPS_REFUSED
    ),
    (
        r"(?P<title>.+) is not used without its safety checker, and the one in (?P<folder>.+) is damaged: its "
        r"(?P<name>“.+”) is empty, all zeros, too large or not a number\. Restore its files\.",
        "{title} não é usado sem o verificador de segurança, e o que está em {folder} está danificado: {name} está "
        "vazio, é só zeros, é grande demais ou não é um número. Restaure os arquivos dele.",
    ),
    (
        r"(?P<title>.+) is not used without its safety checker, and the one in (?P<folder>.+) lacks config\.json or "
        r"its weights: run “(?P<command>.+)”, or restore its files\.",
        "{title} não é usado sem o verificador de segurança, e ao que está em {folder} falta config.json ou os pesos: "
        "execute “{command}”, ou restaure os arquivos dele.",
    ),
    (
        r"No safety checker looked at this: “(?P<command>.+)” brings one\.",
        "Nenhum verificador de segurança olhou isto: “{command}” traz um.",
    ),
    (
        r"What the model computed is no number, so there is no image: choose the precision float32, and if that does "
        r"not help, restore the model's files\.",
        "O que o modelo calculou não é um número, e por isso não há imagem: escolha a precisão float32 e, se não "
        "ajudar, restaure os arquivos do modelo.",
    ),
    (
        r"The image could not be saved in (?P<folder>.+) \((?P<why>.+)\): free some space or choose another folder "
        r"with --out\.",
        "A imagem não pôde ser salva em {folder} ({why}): libere espaço ou escolha outra pasta com --out.",
    ),
    (r"This image could not be refined\.", "Esta imagem não pôde ser refinada."),
    (
        r"There is too little free memory for (?P<title>.+): close other programs, or choose a smaller model or "
        r"another device\.",
        "Há pouca memória livre para {title}: feche outros programas, ou escolha um modelo menor ou outro dispositivo.",
    ),
    # LoRA files and fine-tunes
    (
        r"There is no safetensors file (?P<path>.*): give --lora FILE\.safetensors\[:SCALE\], or its folder\.",
        "Não há nenhum arquivo safetensors {path}: indique --lora ARQUIVO.safetensors[:ESCALA], ou a pasta dele.",
    ),
    (
        r"(?P<path>.+) is a PyTorch file, in which code can hide: save it as safetensors, and name that\.",
        "{path} é um arquivo do PyTorch, no qual pode haver código escondido: salve-o como safetensors e indique esse.",
    ),
    (
        r"The scale of (?P<path>.+) must be a number from -(?P<most>\d+) to \d+, as in FILE:0\.8\.",
        "A escala de {path} deve ser um número de -{most} a {most}, com ponto, como em ARQUIVO:0.8.",
    ),
    (
        r"(?P<path>.+) holds several safetensors files, such as (?P<one>.+) and (?P<two>.+): name one\.",
        "{path} tem vários arquivos safetensors, como {one} e {two}: indique um deles.",
    ),
    (
        r"(?P<path>.+) holds no safetensors file: name a LoRA file, or the folder that holds it\.",
        "{path} não tem nenhum arquivo safetensors: indique um arquivo LoRA, ou a pasta que o contém.",
    ),
    (
        r"(?P<path>.+) cannot be read \((?P<why>.+)\): name another file\.",
        "Não foi possível ler {path} ({why}): indique outro arquivo.",
    ),
    (
        r"(?P<title>.+) takes no LoRA files: leave it out, or them\.",
        "{title} não aceita arquivos LoRA: deixe de fora o modelo, ou os arquivos.",
    ),
    (
        r"(?P<title>.+) is not the fine-tune of another model: choose from (?P<fit>.+)\.",
        "{title} não é um ajuste de outro modelo: escolha entre {fit}.",
    ),
    (
        r"The strength of (?P<name>.+) is taken to be 1: put the adapter_config\.json that came with it beside it\.",
        "A força de {name} é tomada como 1: ponha ao lado dele o adapter_config.json que veio com ele.",
    ),
    (
        r"(?P<path>.+) changes nothing, as before any training: name one that was trained\.",
        "{path} não muda nada, como antes de qualquer treino: indique um que tenha sido treinado.",
    ),
    (r"(?P<path>.+) cannot be read: restore it\.", "Não foi possível ler {path}: restaure-o."),
    (r"(?P<path>.+) is empty: download it again\.", "{path} está vazio: baixe-o de novo."),
    (
        r"(?P<path>.+) is a web page, not a safetensors file: download it again, signed in if the site asks for it\.",
        "{path} é uma página da web, não um arquivo safetensors: baixe-o de novo, com login se o site pedir.",
    ),
    (
        r"(?P<path>.+) cannot be read as a safetensors file: download it again\.",
        "Não foi possível ler {path} como arquivo safetensors: baixe-o de novo.",
    ),
    (
        r"(?P<path>.+) has one tensor under two names, (?P<one>.+) and (?P<two>.+): remove one\.",
        "{path} tem um tensor sob dois nomes, {one} e {two}: remova um deles.",
    ),
    (r"(?P<path>.+) holds no tensors: download it again\.", "{path} não tem tensores: baixe-o de novo."),
    (
        r"(?P<path>.+) has only a part of (?P<key>\S+)(?:, its magnitudes or the rest)?: download it again\.",
        "{path} só tem uma parte de {key}: baixe-o de novo.",
    ),
    (
        r"(?P<path>.+) has numbers of the kind (?P<kind>\S+) at (?P<key>\S+): name one that is not quantised\.",
        "{path} tem números do tipo {kind} em {key}: indique um que não esteja quantizado.",
    ),
    (
        r"(?P<path>.+) has numbers that are not finite at (?P<key>\S+): download it again\.",
        "{path} tem números que não são finitos em {key}: baixe-o de novo.",
    ),
    (
        r"(?P<path>.+) has a shape that does not fit, at (?P<key>\S+): (?:it is (?P<a>\S+) beside (?P<b>\S+)\. D|d)"
        r"ownload it again\.",
        "{path} tem uma forma que não serve em {key}: baixe-o de novo.",
    ),
    (
        r"(?P<path>.+) has a shape that does not fit, at (?P<key>\S+): it changes (?P<theirs>\S+) numbers where this "
        r"model has (?P<ours>\S+)\. It is for (?:another model|(?P<base>.+))\.",
        "{path} tem uma forma que não serve em {key}: muda {theirs} números onde este modelo tem {ours}. É para outro "
        "modelo.",
    ),
    (
        r"(?P<path>.+) says two strengths for (?P<layer>\S+), (?P<one>\S+) and in its settings (?P<two>\S+): name "
        r"another file\.",
        "{path} diz duas forças para {layer}, {one} e, nas configurações, {two}: indique outro arquivo.",
    ),
    (
        r"(?P<path>.+) is for (?P<base>.+) \((?P<key>.+)\): name a LoRA file for Stable Diffusion 1\.",
        "{path} é para outro modelo, {base} ({key}): indique um arquivo LoRA para o Stable Diffusion 1.",
    ),
    (
        r"(?P<path>.+) is of the kind (?P<kind>.+) \((?P<key>.+)\), which is not merged here: name a LoRA file\.",
        "{path} é do tipo {kind} ({key}), que aqui não se incorpora: indique um arquivo LoRA.",
    ),
    (
        r"(?P<path>.+) holds a whole network \((?P<key>.+)\), not a LoRA: name its folder with --model-dir, or name a "
        r"LoRA file here\.",
        "{path} tem uma rede inteira ({key}), não um LoRA: indique a pasta dela com --model-dir, ou aqui um arquivo "
        "LoRA.",
    ),
    (
        r"(?P<path>.+) has a key that no layer of this model has, (?P<key>.+): it is for another model, or it is not a "
        r"LoRA file\.",
        "{path} tem uma chave que nenhuma camada deste modelo tem, {key}: é para outro modelo, ou não é um "
        "arquivo LoRA.",
    ),
    (
        r"(?:The header of )?(?P<path>.+) says rank (?P<said>\S+) for (?P<layer>\S+), whose tensors have rank "
        r"(?P<rank>\d+): it belongs to another file\.",
        "{path} diz posto {said} para {layer}, cujos tensores têm posto {rank}: é de outro arquivo.",
    ),
    (
        r"(?:The header of )?(?P<path>.+) asks for (?P<what>.+), which is not merged here: name a plain LoRA file\.",
        "{path} pede {what}, que aqui não se incorpora: indique um arquivo LoRA comum.",
    ),
    (
        r"(?:The header of )?(?P<path>.+) says (?P<value>.+) for (?P<name>\w+), not a number: correct it\.",
        "{path} diz {value} em {name}, o que não é um número: corrija-o.",
    ),
    (
        r"(?:The header of )?(?P<path>.+) has an entry in (?P<name>\w+) that cannot be read: correct it\.",
        "{path} tem em {name} algo que não se consegue ler: corrija-o.",
    ),
    (
        r"(?:The header of )?(?P<path>.+) holds no settings that can be read: download it again\.",
        "{path} não tem configurações que se consigam ler: baixe-o de novo.",
    ),
    (
        r"(?P<path>.+) makes numbers too large at a scale of (?P<n>\S+): choose a smaller one\.",
        "{path} torna os números grandes demais na escala {n}: escolha uma menor.",
    ),
    (
        r"The fine-tune's U-Net is another one \((?P<name>.+) differs\): name one of the same base\.",
        "A U-Net do ajuste é outra (difere em {name}): indique um da mesma base.",
    ),
    (
        r"The fine-tune's U-Net holds numbers that are not finite \((?P<name>.+)\): restore its files\.",
        "A U-Net do ajuste tem números que não são finitos ({name}): restaure os arquivos.",
    ),
    (
        r"(?P<folder>.+) has no safetensors, and other files are not merged: convert it first\.",
        "{folder} não tem safetensors, e outros arquivos não se incorporam: converta-os primeiro.",
    ),
    (
        r"(?P<folder>.+) cannot be read: its files are damaged\. Restore them\.",
        "Não foi possível ler {folder}: os arquivos estão danificados. Restaure-os.",
    ),
    (
        r"Something went wrong \(id (?P<id>\w+)\); the log of the app says what\.",
        "Algo deu errado (id {id}); o registro do aplicativo diz o quê.",
    ),
)


_REASONS = {
    "No space left on device": "sem espaço no disco",
    "Disk quota exceeded": "cota de disco esgotada",
    "Permission denied": "sem permissão",
    "Read-only file system": "só para leitura",
    "Not a directory": "não é uma pasta",
    "No such file or directory": "não existe",
    "File name too long": "nome longo demais",
    "there may be too little room": "talvez falte espaço",
}


def translated(language: Language, sentence: str) -> str:
    """A sentence of the code below the page in `language`; one that has no translation stays English."""
    if language == "en":
        return sentence
    for pattern, template in (*_ABOUT_REQUESTS, *_SENTENCES):
        if match := re.fullmatch(pattern, sentence):
            return template.format(**{name: _localised(name, said) for name, said in match.groupdict().items()})
    return sentence


def _localised(name: str, said: str | None) -> str:
    """A group of a sentence: numbers with Portuguese's separators, words of the code and a system's reasons."""
    if said is None:
        return ""
    if name == "why":
        return _REASONS.get(said, said)
    if name in ("size", "free", "times"):
        return said.replace(".", ",")
    if name in ("low", "high", "n"):
        return said.translate(str.maketrans(",.", ".,"))
    if name == "instead":
        return said.replace(", not the text ", ", e não o texto ", 1).replace(", not ", ", e não ", 1)
    return _WORDS.get(said, said.replace(" for ", " em ", 1) if name == "whose" else said)
