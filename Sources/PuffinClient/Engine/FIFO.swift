// A queue whose front can be taken without moving the rest.

/// First in, first out, in one array.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Puts elements before all others, in their order.
    mutating func prepend(_ front: [Element]) {
        guard !front.isEmpty else { return }
        elements.replaceSubrange(..<head, with: front.map(Optional.some))
        head = 0
    }

    /// The next element; to be used only if there is one.
    var first: Element? {
        get { isEmpty ? nil : elements[head] }
        set { if !isEmpty { elements[head] = newValue } }
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head].take()
        head += 1
        if isEmpty {
            elements.removeAll(keepingCapacity: elements.capacity <= 1024)
            head = 0
        } else if head >= 1024, head * 2 >= elements.count {
            elements.removeSubrange(..<head)
            head = 0
        }
        return element
    }

    /// Takes everything.
    mutating func takeAll() -> [Element] {
        defer { self = FIFO() }
        return elements[head...].compactMap { $0 }
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        guard !isEmpty else { return }
        elements = elements[head...].filter { element in element.map { !isUnwanted($0) } ?? false }
        head = 0
    }

    func forEach(_ body: (Element) -> Void) {
        for element in elements[head...] { if let element { body(element) } }
    }

    /// How many elements satisfy a condition.
    func count(where isWanted: (Element) -> Bool) -> Int {
        var count = 0
        forEach { if isWanted($0) { count += 1 } }
        return count
    }
}
