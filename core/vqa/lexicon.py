"""The words that questions are made with: what captions name, and how they are told from each other.

A line is `noun: other words for the same`. Plurals are made by rule; IRREGULAR has the others.
"""


def lines(text: str) -> dict[str, tuple[str, ...]]:
    """Each line's first word, and all words that stand for it."""
    pairs = [line.partition(":") for line in text.strip().splitlines()]
    return {noun.strip(): (noun.strip(), *(w.strip() for w in rest.split(",") if w.strip())) for noun, _, rest in pairs}


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


PEOPLE = lines("""
man: guy, gentleman
woman: lady
boy
girl
child: kid, toddler
baby: infant
player
skateboarder
snowboarder
surfer
skier
cyclist: biker, bicyclist
climber
rider
hiker
runner
person
""")
ANIMALS = lines("""
dog: puppy, greyhound, poodle, dalmatian, labrador, terrier, collie, retriever
cat: kitten
horse
bird: seagull
cow: bull
sheep
""")
THINGS = lines("""
ball: football, basketball, baseball, volleyball
frisbee
stick
toy
bone
bike: bicycle
motorcycle: motorbike
skateboard
snowboard
surfboard
scooter
car
truck
bus
train
boat: canoe, kayak, raft
swing
slide
bench
chair
table
couch: sofa
bed
rope
guitar
camera
book
newspaper
umbrella
sign
flag
bat
racket
fence
wall
fountain
sled
trampoline
hurdle
log
tree
flower
hose
cup
bottle
phone: cellphone
balloon
bubble
tent
fish
backpack
bag: purse
collar
microphone
leash
tire
""")
CLOTHES = lines("""
shirt: t-shirt, tshirt, top, sweatshirt, sweater, jersey
dress
jacket: coat
hat: cap
helmet
shorts
pants
jeans
skirt
uniform
vest
swimsuit: bikini
wetsuit
suit
scarf
sunglasses
glasses
goggles
hair
""")
PLACES = lines("""
snow
water
grass: lawn
beach: shore
sand
street: road
pool
field
ocean: sea
lake
river: stream, creek
park
woods: forest
mountain
sidewalk
playground
yard: backyard
mud
track
air: midair
ice
ramp
rock
hill
""")
# Where captions say these, the noun of the line may well be there too, so that "no" would be a guess.
HINTS = {
    "dog": "animal animals leash collar pet german shepherd hound hounds breed pup pups canine",
    "cat": "animal animals",
    "horse": "cowboy rodeo rider riders jockey polo animal animals bull bronco",
    "bird": "animal feathers flock duck ducks geese goose pigeon pigeons swan crane",
    "man": "people person persons someone he him his adult adults couple family crowd group player players team rider "
    "climber surfer skier skateboarder snowboarder biker cyclist hiker men guys father dad male they them bride groom "
    "band worker officer musician performer athlete racer motorcyclist driver runner swimmer",
    "woman": "people person persons someone she her adult adults couple family crowd group player players team rider "
    "climber surfer skier skateboarder snowboarder biker cyclist hiker ladies mother mom female they them bride "
    "performer athlete racer driver runner swimmer blond blonde",
    "boy": "people person child children kid kids toddler toddlers baby young teenager teenagers student he him his "
    "someone group crowd family youth youths teen teens little brother son player skateboarder snowboarder surfer "
    "biker",
    "girl": "people person child children kid kids toddler toddlers baby young teenager teenagers student she her "
    "someone group crowd family youth youths teen teens little sister daughter player skateboarder surfer",
    "child": "people boy girl boys girls baby toddlers kids young teenager teenagers group crowd family little someone "
    "daughter son person",
    "ball": "soccer tennis football baseball basketball volleyball rugby cricket golf lacrosse hockey game match toy "
    "play plays playing player players fetch bowling softball sport sports catch object",
    "bike": "biker bikers bicyclist cyclist cyclists bmx motorcycle motorbike racer trick stunt ride rides riding "
    "rider motocross moped wheel",
    "snow": "snowy snowboard snowboarder snowboarding ski skis skier skiers skiing skiis winter ice icy sled sledding "
    "snowball mountain mountains glacier slope cold snow-covered snowmobile",
    "water": "pool ocean sea lake river stream wave waves surf surfer surfing surfboard swim swims swimming wet splash "
    "splashes splashing boat beach pond fountain hose sprinkler wading kayak canoe raft puddle creek waterfall shore "
    "dock fishing bath bay rain sail boats surfs surfers pier diving dives rowing paddling underwater tub",
    "grass": "grassy field lawn park yard backyard meadow garden outside outdoors soccer football baseball golf "
    "cricket green pasture hill trail path woods forest plants weeds hay brush leaves rugby game sport ground picnic",
    "beach": "ocean sea sand sandy shore coast water surf waves surfer volleyball dunes bay lake shoreline seashore",
    "car": "vehicle vehicles traffic street road truck van driving jeep race racing parking taxi racecar automobile "
    "cars suv city drive drives",
    "hat": "cap caps hats helmet helmets hood beanie headband bandanna turban headgear cowboy santa costume uniform "
    "headscarf hooded winter sombrero visor sun",
}
COLOURS = ("black", "white", "red", "blue", "green", "yellow", "brown", "orange", "pink", "purple", "gray", "tan")
COLOUR_WORDS = {colour: colour for colour in COLOURS} | {"grey": "gray", "golden": "yellow", "beige": "tan"}
HAIR = {"blond": "blond", "blonde": "blond", "brunette": "brown"}
UNSURE = {"striped", "plaid", "spotted", "multicolored", "multi-colored", "colorful", "patterned", "checkered"}
# Colours that two people may both give one thing: asked about one of them, "no" would be unfair.
ALIKE = [{"brown", "tan", "orange", "yellow"}, {"brown", "tan", "red"}, {"brown", "black", "gray"},
         {"white", "tan", "gray"}, {"red", "pink", "orange"}, {"pink", "purple"}, {"blue", "purple"},
         {"blue", "green"}, {"blue", "black"}]  # fmt: skip
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
IRREGULAR = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "sheep": "sheep", "fish": "fish",
    "gentleman": "gentlemen", "lady": "ladies", "baby": "babies", "puppy": "puppies", "bus": "buses",
    "bench": "benches", "couch": "couches", "beach": "beaches", "leash": "leashes", "dress": "dresses",
    "collie": "collies",
}  # fmt: skip
PAIRS = {"shorts", "pants", "jeans", "sunglasses", "glasses", "goggles"}  # one thing, said in the plural
MASS = {"hair", *PLACES}
# What is done, in the form that questions take, and its other forms. Only what can be told from a photo.
DOING = lines("""
running: runs, run, racing, races, race, sprinting, sprints
jumping: jumps, jump, leaping, leaps, leap
swimming: swims, swim
walking: walks, walk
sitting: sits, sit, seated
standing: stands, stand
climbing: climbs, climb, scaling
sleeping: sleeps, napping
eating: eats, eat
skateboarding
surfing: surfs, surf
skiing: skis, ski
snowboarding
dancing: dances, dance
riding: rides, ride
lying: lies, laying, lays
swinging: swings
""")
# Two of these may be true of one photo: asked about one, "no" would be unfair.
TOGETHER = [
    {"running", "walking", "jumping", "climbing"},
    {"swimming", "surfing", "jumping"},
    {"riding", "sitting", "jumping", "skateboarding", "surfing", "skiing", "snowboarding", "standing", "swinging"},
    {"sitting", "sleeping", "lying", "eating"},
    {"standing", "walking", "eating", "dancing", "climbing"},
    {"skiing", "snowboarding", "jumping"},
    {"skateboarding", "jumping", "standing"},
]
# What one can do to things that captions name; a preposition goes with some.
HANDLING = lines("""
holding: holds, hold
carrying: carries, carry
catching: catches, catch
chasing: chases, chase
throwing: throws, throw
kicking: kicks, kick
riding: rides, ride
jumping over: jumps over, leaping over, leaps over
playing with: plays with, play with
pulling: pulls, pull
pushing: pushes, push
climbing: climbs, climb
biting: bites, bite
chewing: chews, chewing on, chews on
reading: reads
sitting on: sits on, sit on
sliding down: slides down
""")
IN_PLACES = ("in", "on", "through", "at", "into", "across", "along", "over", "down", "near", "by")
DETERMINERS = {"a", "an", "the", "his", "her", "their", "its", "one", "some", "another", "several", *NUMBERS}
# A noun before one of these only describes it: a dog park, a bike rider, a water bottle.
HEADS = listed(
    "park player players rider riders game team court bottle boots suit gear race track house show collar toy "
    "toys field ball balls hoop goal match board stick gun cart ramp trail course cap hat helmet shirt shorts "
    "uniform jacket dress store stand sign racer trunks ring line light lights rack seat fountain slide park's "
    "stadium practice painting statue costume vest cover covered tank tub top bat glove field's fight fighter "
    "dog dogs horse coat trick tricks path bed skating hockey skate boat slope jump lift hill bank cannon gate "
    "post balloon balloons side edge cave plant climber climbing wall formation face cliff band star floats "
    "horn steps walk"
)
