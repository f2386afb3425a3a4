/**
 * Sentences that speak to a language model, in English. Each was kept only because ordinary prose, manuals and mail do not
 * say it: "please ignore my previous message" and "later rules override earlier ones" must pass. What is said in other
 * words is for the model to find.
 */

const AI =
  '(?:AI|A\\.I\\.|LLM|ChatGPT|GPT(?:-?\\d\\w*)?|(?:large\\s+)?language\\s+model|chat\\s?bot|AI[\\s-]+(?:assistant|agent|model|system|language\\s+model|reviewer|crawler|summari[sz]er|bot|tool))s?';

const OLD = '(?:previous|prior|preceding|above|foregoing|earlier|initial|original|former|system)';

/** Words that may stand between a verb and what it is about. */
const FILLER = "(?:\\s+(?:all|any|each|every|everything|of|the|these|those|this|that|my|your|and|other|completely|entirely|totally|with))*";

const ORDERS = '(?:instructions?|prompts?|directives?)';

const SOURCES: readonly string[] = [
  // Old orders shall not hold.
  `\\b(?:ignore|disregard|forget)${FILLER}\\s+${OLD}(?:\\s+(?!messages?\\b|e-?mails?\\b)\\w+){0,2}?\\s+(?:${ORDERS}|guidelines|rules|system\\s+messages?|conversation|context)\\b`,
  `\\b(?:override|bypass|discard|(?:do\\s+not|don['’]t|never|stop)\\s+(?:follow|obey)(?:ing)?)${FILLER}\\s+${OLD}(?:\\s+\\w+)?\\s+${ORDERS}\\b`,
  `\\b(?:ignore|disregard|forget)${FILLER}\\s+${ORDERS}\\s+(?:(?:that\\s+)?(?:you\\s+(?:were|have\\s+been)\\s+given|you\\s+(?:got|received|had)|were\\s+given\\s+to\\s+you)|given\\s+to\\s+you|above|before\\s+this)\\b`,
  `\\b(?:ignore|disregard|forget)\\s+(?:everything|all|anything)\\s+(?:(?:that\\s+)?(?:was\\s+|you\\s+were\\s+)?(?:said|told|written|instructed)\\s+)?(?:above|before(?:\\s+this)?|previously)(?=\\s*(?:[.,;:!]|and\\b|$))`,
  `\\b(?:ignore|disregard|forget|override|bypass|circumvent|disable)\\s+(?:(?:all|any|of)\\s+)*your\\s+(?:\\w+\\s+){0,2}?(?:instructions|system\\s+prompt|programming|directives|guidelines|content\\s+polic(?:y|ies)|safety\\s+(?:filters?|guidelines|measures|protocols?|rules|restrictions|training)|guardrails|safeguards|ethical\\s+\\w+)\\b`,
  // A new self.
  `\\byou\\s+(?:are\\s+now|will\\s+now\\s+(?:act|behave)\\s+as)\\s+(?:\\w+\\s+){0,3}?(?:DAN|unrestricted\\s+\\w+|unfiltered\\s+\\w+|uncensored\\s+\\w+|jailbroken|developer\\s+mode)\\b`,
  `\\b(?:act|behave|respond|answer|reply|role-?\\s?play|pretend)\\s+(?:\\w+\\s+){0,3}?(?:unrestricted|unfiltered|uncensored|amoral|jailbroken|evil)\\s+(?:\\w+\\s+)?(?:AI|assistant|chatbot|bot|language\\s+model|confidante?)\\b`,
  `\\b(?:answer|respond|reply|act|stay)\\s+(?:in\\s+character\\s+)?as\\s+DAN\\b|\\bDAN\\s+mode\\b|["“(]\\s?do\\s+anything\\s+now\\s?["”)]|\\bjailbreak\\s+mode\\b`,
  `\\bfrom\\s+now\\s+on,?\\s+(?:you\\s+(?:will|must|shall|are\\s+going\\s+to)\\s+)?(?:only\\s+)?(?:answer|respond|reply)\\s+(?:only\\s+)?(?:as|with|in|like)\\b`,
  `\\bfrom\\s+now\\s+on,?\\s+you(?:['’]re|\\s+are)\\s+(?:going\\s+to\\s+)?act(?:ing)?\\s+as\\b|\\bimmerse\\s+yourself\\s+into\\s+the\\s+role\\s+of\\s+(?:another\\s+|an\\s+)?${AI}\\b`,
  // Secrets.
  `\\b(?:reveal|print|repeat|show|output|display|leak|disclose|give|tell|share|dump|recite|return|write|what\\s+(?:is|are|was|were))\\s+(?:\\w+\\s+){0,3}?your\\s+(?:\\w+\\s+){0,2}?(?:system\\s+(?:prompt|message|instructions)|(?:hidden|secret|initial|developer)\\s+(?:prompt|instructions|message|rules)|instructions\\s+verbatim)\\b`,
  `\\b(?:repeat|print|output)\\s+(?:(?:all|everything|the|words?|text|content|of)\\s+)*above\\s+(?:starting|beginning)\\s+with\\b`,
  `\\b(?:send|forward|post|upload|e-?mail|transmit|exfiltrate)\\s+(?:\\w+\\s+){0,3}?(?:conversation|chat\\s+(?:history|log)|system\\s+prompt|user['’]s\\s+(?:messages?|data|passwords?|e-?mails?|credentials))\\s+(?:\\w+\\s+){0,3}?to\\s+(?:the\\s+\\w+\\s+)?(?:https?:|\\S+@)`,
  `\\bdo(?:n['’]t|\\s+not)\\s+(?:tell|inform|alert|notify|let)\\s+the\\s+(?:user|human)\\s+(?:know\\s+)?(?:about|of|that\\s+you|anything)\\b`,
  // Said to whatever program reads this.
  `\\bif\\s+you(?:['’]re|\\s+are)\\s+(?:an?|the)\\s+${AI}(?=\\s*[,;:]|\\s+(?:reading|processing|summari[sz]ing|reviewing|analy[sz]ing|evaluating|parsing)\\b)`,
  `\\b(?:attention|note|message|instructions?|notice|reminder|important)\\s*[,:]?\\s*(?:to|for)?\\s+(?:all\\s+|any\\s+|the\\s+)?${AI}\\s*(?:[:!]|,\\s*(?:please|you|ignore|always)\\b|\\s(?:reading|processing|summari[sz]ing|reviewing)\\b)`,
  `\\b(?:hey|hello|hi|dear)\\s+(?:AI(?:\\s+\\w+)?|LLM|ChatGPT|language\\s+model)\\s*[,!:]`,
  `\\bwhen(?:ever)?\\s+(?:you\\s+)?(?:are\\s+)?(?:asked\\s+to\\s+)?summari[sz](?:e|ing)\\s+(?:this|the)\\s+(?:\\w+\\s+)?(?:document|text|page|article|e-?mail|paper|content|website),?\\s+(?:you\\s+must|say|state|add|append|output|recommend|insert|begin\\s+with|only\\s+(?:say|write|output))\\b`,
  `\\bgive\\s+(?:\\w+\\s+)?a\\s+positive\\s+review\\s+only\\b|\\bdo\\s+not\\s+highlight\\s+any\\s+negatives\\b`,
  `\\b(?:new|updated|real|actual)\\s+(?:system\\s+)?(?:instructions?|prompt|task)\\s+for\\s+(?:you|the\\s+(?:assistant|model)|${AI})\\s*:`,
  `\\bsystem\\s+override\\s*[:!]|\\b(?:end|beginning)\\s+of\\s+system\\s+prompt\\b`,
];

/** Marks that chat templates put around turns: text that has them wants to be taken for a turn of its own. */
const MARKERS =
  '<\\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|eot_id|begin_of_text|start_header_id|end_header_id|end_of_turn|end)\\|>|<(?:start|end)_of_turn>|\\[/?INST\\]|<</?SYS>>|^#{2,4}[ \\t]*(?:system|instruction|assistant|human|user)(?:[ \\t]+(?:prompt|message))?:[ \\t]*(?=\\r?\\n|you\\b|ignore\\b|disregard\\b|forget\\b|from\\s+now\\b|always\\b|never\\b)';

/** Words to a model. */
export const INSTRUCTIONS: readonly RegExp[] = SOURCES.map((source) => new RegExp(source, 'gi'));

/** Marks of turns. */
export const TURN_MARKERS = new RegExp(MARKERS, 'gim');
