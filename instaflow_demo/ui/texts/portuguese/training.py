"""What training and evaluation end with."""

SENTENCES = {
    "Choose at least one model with --models.": "Escolha pelo menos um modelo com --models.",
    "FID and CLIP score need photographs: give --reference and --captions.": (
        "FID e CLIP score precisam de fotografias: indique --reference e --captions."
    ),
    "These models make images of different sizes: evaluate them one by one.": (
        "Estes modelos fazem imagens de tamanhos diferentes: avalie-os um a um."
    ),
    "{name} is not like ID@STEPS: write {model}@1, for example.": (
        "{name} não é como ID@PASSOS: escreva {model}@1, por exemplo."
    ),
    "The judge of scenes in {folder} is missing or damaged: train it again.": (
        "O juiz de cenas em {folder} falta ou está danificado: treine-o de novo."
    ),
    "{path} has {size:.1f} MB, and files must have less than {most:.0f}: store it in more parts.": (
        "{path} tem {size:.1f} MB, e os arquivos devem ter menos de {most:.0f}: guarde-o em mais partes."
    ),
    "{folder} has {size:.0f} MB, and may have {most:.0f}: store less, or in fewer bits.": (
        "{folder} tem {size:.0f} MB, e pode ter {most:.0f}: guarde menos, ou em menos bits."
    ),
    "The judge of scenes in {folder} lacks what it compares with: restore the folder.": (
        "Falta ao juiz de cenas em {folder} aquilo com que compara: restaure a pasta."
    ),
    "The prompts “{name}” are of scenes, and the judge here knows single things: choose captions, portuguese or "
    "synonyms.": (
        "Os prompts “{name}” são de cenas, e o juiz daqui conhece coisas sozinhas: escolha captions, portuguese ou "
        "synonyms."
    ),
    "The judge in {folder} is missing or damaged: restore the folder.": (
        "O juiz em {folder} falta ou está danificado: restaure a pasta."
    ),
    "{path} is missing: give the folder of the photographs with --reference.": (
        "Falta {path}: indique a pasta das fotografias com --reference."
    ),
    "{captions} names no photographs: give the folder of the photographs with --reference.": (
        "{captions} não indica nenhuma fotografia: indique a pasta das fotografias com --reference."
    ),
    "The Inception FID needs torch-fidelity: pip install torch-fidelity.": (
        "A FID do Inception precisa de torch-fidelity: pip install torch-fidelity."
    ),
    "The Inception network could not be fetched: connect to the network.": (
        "A rede Inception não pôde ser baixada: conecte-se à rede."
    ),
    "{source} could not be fetched: connect to the network.": "{source} não pôde ser baixado: conecte-se à rede.",
    "{path} is not an image that can be read: restore or remove it.": (
        "{path} não é uma imagem que se possa ler: restaure-a ou remova-a."
    ),
    "{captions} is not a captions file like COCO's captions_val2017.json: give one with --captions.": (
        "{captions} não é um arquivo de legendas como captions_val2017.json do COCO: indique um com --captions."
    ),
    "The judge in {folder} is right about {right:.0%} of real scenes, and must be about {least:.0%} before it may "
    "judge: train it for longer.": (
        "O juiz em {folder} acerta {right:.0%} das cenas reais, e só pode julgar a partir de {least:.0%}: treine-o "
        "por mais tempo."
    ),
    "{path} has no icon “{name}”: run the stage that fetches the icons again.": (
        "{path} não tem o ícone “{name}”: execute de novo a etapa que busca os ícones."
    ),
    "No drawing of “{name}” is {pose}: its poses are {poses}.": (
        "Nenhum desenho de “{name}” está em {pose}: as poses são {poses}."
    ),
    "none": "nenhuma",
    "There is no stock of drawings in {folder}: run the stage 'stock' first.": (
        "Não há um estoque de desenhos em {folder}: execute antes a etapa 'stock'."
    ),
    "There are no {name} in {folder}: run the stage {stage!r} first.": (
        "Não há {name} em {folder}: execute antes a etapa {stage!r}."
    ),
    "No WordNet in {folder}: install Debian's wordnet-base, or name its folder.": (
        "Não há WordNet em {folder}: instale wordnet-base do Debian, ou indique a pasta dela."
    ),
    "There is nothing to export in {folder}: run the stages first.": (
        "Não há nada a exportar em {folder}: execute antes as etapas."
    ),
    "{target} is not empty: choose another folder.": "{target} não está vazia: escolha outra pasta.",
    "{name} is not a stage of the family: choose from {known}.": (
        "{name} não é uma etapa da família: escolha entre {known}."
    ),
    "The {title} is trained already: raise its budget, or remove {folder} to start again.": (
        "O treino já terminou ({title}): aumente o orçamento, ou remova {folder} para recomeçar."
    ),
    "{folder} is missing: run the stage {stage!r} first.": "Falta {folder}: execute antes a etapa {stage!r}.",
}
