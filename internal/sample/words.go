package sample

// languages that courses are written in; every list of words below follows
// this order.
const (
	en = iota
	de
	fr
	es
	pt
	nl
	ja
)

var languages = [...]string{"en-US", "de-DE", "fr-FR", "es-ES", "pt-BR", "nl-NL", "ja-JP"}

type phrase [len(languages)]string

var topics = []phrase{
	{"Information security", "Informationssicherheit", "Sécurité de l’information", "Seguridad de la información", "Segurança da informação", "Informatiebeveiliging", "情報セキュリティ"},
	{"Fire safety", "Brandschutz", "Sécurité incendie", "Seguridad contra incendios", "Segurança contra incêndio", "Brandveiligheid", "防火安全"},
	{"Data protection", "Datenschutz", "Protection des données", "Protección de datos", "Proteção de dados", "Gegevensbescherming", "データ保護"},
	{"Negotiation", "Verhandlungsführung", "Négociation", "Negociación", "Negociação", "Onderhandelen", "交渉術"},
	{"Leading a team", "Teams führen", "Animer une équipe", "Liderar un equipo", "Liderar uma equipe", "Een team leiden", "チームリーダーシップ"},
	{"First aid", "Erste Hilfe", "Premiers secours", "Primeros auxilios", "Primeiros socorros", "Eerste hulp", "応急手当"},
	{"Safe use of machines", "Sicherer Umgang mit Maschinen", "Utilisation sûre des machines", "Uso seguro de máquinas", "Uso seguro de máquinas", "Veilig werken met machines", "機械の安全な操作"},
	{"Customer conversations", "Kundengespräche", "Entretiens avec les clients", "Conversaciones con clientes", "Conversas com clientes", "Klantgesprekken", "顧客対応"},
	{"Preventing corruption", "Korruption vorbeugen", "Prévenir la corruption", "Prevenir la corrupción", "Prevenir a corrupção", "Corruptie voorkomen", "汚職防止"},
	{"Spreadsheets", "Tabellenkalkulation", "Tableurs", "Hojas de cálculo", "Planilhas", "Spreadsheets", "表計算"},
	{"Welcome on board", "Willkommen an Bord", "Bienvenue à bord", "Bienvenida a bordo", "Boas-vindas a bordo", "Welkom aan boord", "新入社員研修"},
	{"Driving a forklift", "Gabelstapler fahren", "Conduire un chariot élévateur", "Conducir una carretilla", "Conduzir uma empilhadeira", "Heftruck rijden", "フォークリフト運転"},
	{"Food hygiene", "Lebensmittelhygiene", "Hygiène alimentaire", "Higiene alimentaria", "Higiene alimentar", "Voedselhygiëne", "食品衛生"},
	{"Managing projects", "Projekte steuern", "Gérer des projets", "Gestionar proyectos", "Gerenciar projetos", "Projecten leiden", "プロジェクト管理"},
}

var levels = []phrase{
	{"Foundations", "Grundlagen", "Les bases", "Fundamentos", "Fundamentos", "Basis", "基礎"},
	{"Practice", "Praxis", "La pratique", "Práctica", "Prática", "Praktijk", "実践"},
	{"Refresher", "Auffrischung", "Remise à niveau", "Repaso", "Reciclagem", "Opfriscursus", "再研修"},
	{"For managers", "Für Führungskräfte", "Pour les responsables", "Para responsables", "Para gestores", "Voor leidinggevenden", "管理職向け"},
}

var parts = []phrase{
	{"Introduction", "Einführung", "Introduction", "Introducción", "Introdução", "Inleiding", "はじめに"},
	{"Why it matters", "Warum es zählt", "Pourquoi c’est important", "Por qué importa", "Por que importa", "Waarom het telt", "なぜ重要か"},
	{"Rules and duties", "Regeln und Pflichten", "Règles et devoirs", "Reglas y deberes", "Regras e deveres", "Regels en plichten", "規則と義務"},
	{"Working through a case", "Ein Fall zum Üben", "Étude de cas", "Un caso práctico", "Um caso prático", "Een praktijkgeval", "事例研究"},
	{"Common mistakes", "Häufige Fehler", "Erreurs fréquentes", "Errores frecuentes", "Erros comuns", "Veelgemaakte fouten", "よくある間違い"},
	{"Final assessment", "Abschlusstest", "Évaluation finale", "Evaluación final", "Avaliação final", "Eindtoets", "最終テスト"},
}

// intros follow the title of a course.
var intros = phrase{
	"What everybody in the company has to know, in short steps with cases from our own plants, exercises and a test at the end. It takes about an hour and can be interrupted at any time.",
	"Was alle im Unternehmen wissen müssen, in kurzen Schritten, mit Fällen aus unseren eigenen Werken, Übungen und einem Test am Schluss. Dauert etwa eine Stunde und kann jederzeit unterbrochen werden.",
	"Ce que chacun doit savoir dans l’entreprise, par petites étapes, avec des cas tirés de nos sites, des exercices et un test final. Compter une heure environ, avec des pauses possibles à tout moment.",
	"Lo que todos deben saber en la empresa, en pasos cortos, con casos de nuestras propias plantas, ejercicios y una prueba final. Dura una hora y puede interrumpirse en cualquier momento.",
	"O que todos na empresa precisam saber, em passos curtos, com casos das nossas próprias fábricas, exercícios e um teste no final. Dura cerca de uma hora e pode ser interrompido a qualquer momento.",
	"Wat iedereen in het bedrijf moet weten, in korte stappen, met gevallen uit onze eigen vestigingen, oefeningen en een toets aan het eind. Het duurt ongeveer een uur en kan op elk moment worden onderbroken.",
	"社員全員が知っておくべきことを、自社工場の事例、演習、最後のテストとともに短いステップで学びます。所要時間は約一時間で、いつでも中断できます。",
}

var questions = []phrase{
	{"What do you do first?", "Was tun Sie zuerst?", "Que faites-vous en premier ?", "¿Qué hace primero?", "O que você faz primeiro?", "Wat doet u eerst?", "最初に何をしますか?"},
	{"Who has to be told within 24 hours?", "Wer muss innerhalb von 24 Stunden informiert werden?", "Qui doit être informé sous 24 heures ?", "¿A quién hay que avisar en 24 horas?", "Quem deve ser avisado em 24 horas?", "Wie moet binnen 24 uur worden ingelicht?", "24時間以内に誰に知らせますか?"},
	{"Which of these is a risk?", "Was davon ist ein Risiko?", "Lequel de ces éléments est un risque ?", "¿Cuál de estos es un riesgo?", "Qual destes é um risco?", "Welke van deze is een risico?", "どれがリスクですか?"},
	{"How often is the equipment checked?", "Wie oft wird die Ausrüstung geprüft?", "À quelle fréquence le matériel est-il contrôlé ?", "¿Cada cuánto se revisa el equipo?", "Com que frequência o equipamento é verificado?", "Hoe vaak wordt de uitrusting gecontroleerd?", "設備はどのくらいの頻度で点検しますか?"},
}

var answers = []phrase{
	{"Stop and look", "Anhalten und schauen", "S’arrêter et regarder", "Parar y mirar", "Parar e olhar", "Stoppen en kijken", "止まって確認する"},
	{"Call the shift leader", "Schichtleitung rufen", "Appeler le chef d’équipe", "Llamar al jefe de turno", "Chamar o líder de turno", "De ploegleider bellen", "班長を呼ぶ"},
	{"Carry on as planned", "Weiter wie geplant", "Continuer comme prévu", "Seguir según lo previsto", "Continuar como planejado", "Doorgaan zoals gepland", "予定どおり続ける"},
	{"Write it into the log", "Im Protokoll festhalten", "Le noter dans le registre", "Anotarlo en el registro", "Anotar no registro", "In het logboek schrijven", "記録に書く"},
}

// comments hold escapes on purpose: readers must cope with them.
var comments = []phrase{
	{
		`Good pace, and the case about the \"missing key\" was close to what happens here.`, `Gutes Tempo; der Fall mit dem \"fehlenden Schlüssel\" kommt bei uns genauso vor.`,
		`Bon rythme, et le cas de la \"clé perdue\" ressemble à ce que nous vivons.`, `Buen ritmo, y el caso de la \"llave perdida\" se parece a lo nuestro.`,
		`Bom ritmo, e o caso da \"chave perdida\" parece com o nosso.`, `Goed tempo, en het geval van de \"verdwenen sleutel\" lijkt op hier.`, `テンポがよく、「鍵の紛失」の事例は現場に近いです。`,
	},
	{
		`Please talk through question 4 with your team.\nThe rest is fine.`, `Bitte Frage 4 im Team besprechen.\nDer Rest passt.`, `Merci de revoir la question 4 en équipe.\nLe reste est bon.`,
		`Por favor, repase la pregunta 4 con su equipo.\nEl resto está bien.`, `Reveja a pergunta 4 com a equipe.\nO resto está bom.`, `Bespreek vraag 4 met uw team.\nDe rest is goed.`, `問4をチームで話し合ってください。\nほかは問題ありません。`,
	},
	{
		`👍 Ready for the next level`, `👍 Bereit für die nächste Stufe`, `👍 Prêt pour la suite`, `👍 Listo para el siguiente nivel`, `👍 Pronto para o próximo nível`, `👍 Klaar voor het volgende niveau`, `👍 次の段階に進めます`,
	},
}

// verb is an IRI and its display by language.
type verb struct {
	iri string
	phrase
}

const adl = "http://adlnet.gov/expapi/verbs/"

var (
	answered    = verb{adl + "answered", phrase{"answered", "beantwortete", "a répondu à", "respondió", "respondeu", "beantwoordde", "回答した"}}
	attempted   = verb{adl + "attempted", phrase{"attempted", "versuchte", "a essayé", "intentó", "tentou", "probeerde", "試みた"}}
	attended    = verb{adl + "attended", phrase{"attended", "nahm teil an", "a participé à", "asistió a", "participou de", "nam deel aan", "出席した"}}
	commented   = verb{adl + "commented", phrase{"commented", "kommentierte", "a commenté", "comentó", "comentou", "gaf commentaar op", "コメントした"}}
	completed   = verb{adl + "completed", phrase{"completed", "schloss ab", "a terminé", "completó", "completou", "voltooide", "完了した"}}
	experienced = verb{adl + "experienced", phrase{"experienced", "erlebte", "a parcouru", "experimentó", "vivenciou", "beleefde", "体験した"}}
	failed      = verb{adl + "failed", phrase{"failed", "bestand nicht", "a échoué à", "suspendió", "foi reprovado em", "zakte voor", "不合格になった"}}
	initialized = verb{adl + "initialized", phrase{"initialized", "begann", "a démarré", "inició", "iniciou", "startte", "開始した"}}
	launched    = verb{adl + "launched", phrase{"launched", "startete", "a lancé", "lanzó", "lançou", "lanceerde", "起動した"}}
	passed      = verb{adl + "passed", phrase{"passed", "bestand", "a réussi", "aprobó", "foi aprovado em", "slaagde voor", "合格した"}}
	registered  = verb{adl + "registered", phrase{"registered", "meldete sich an", "s’est inscrit à", "se inscribió en", "inscreveu-se em", "schreef zich in voor", "登録した"}}
	terminated  = verb{adl + "terminated", phrase{"terminated", "beendete", "a quitté", "finalizó", "encerrou", "beëindigde", "終了した"}}
	voided      = verb{adl + "voided", phrase{"voided", "annullierte", "a annulé", "anuló", "anulou", "annuleerde", "無効にした"}}
	satisfied   = verb{"https://w3id.org/xapi/adl/verbs/satisfied", phrase{"satisfied", "erfüllte", "a satisfait", "satisfizo", "satisfez", "voldeed aan", "満たした"}}
	played      = verb{"https://w3id.org/xapi/video/verbs/played", phrase{"played", "spielte ab", "a lu", "reprodujo", "reproduziu", "speelde af", "再生した"}}
	paused      = verb{"https://w3id.org/xapi/video/verbs/paused", phrase{"paused", "hielt an", "a mis en pause", "pausó", "pausou", "pauzeerde", "一時停止した"}}
	seeked      = verb{"https://w3id.org/xapi/video/verbs/seeked", phrase{"seeked", "sprang", "a déplacé", "saltó", "buscou", "spoelde", "シークした"}}
	viewed      = verb{"http://id.tincanapi.com/verb/viewed", phrase{"viewed", "sah an", "a consulté", "vio", "visualizou", "bekeek", "閲覧した"}}
	submitted   = verb{"http://activitystrea.ms/schema/1.0/submit", phrase{"submitted", "gab ab", "a remis", "entregó", "entregou", "leverde in", "提出した"}}
	scored      = verb{adl + "scored", phrase{"scored", "erzielte", "a obtenu", "obtuvo", "obteve", "scoorde", "得点した"}}
)
