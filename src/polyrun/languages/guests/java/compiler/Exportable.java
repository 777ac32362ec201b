import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.RecordComponentElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import javax.tools.Diagnostic;

/** Sees to it that what a block hands over has a type that other languages can read. */
final class Exportable implements TaskListener {
    private static final List<String> READABLE = List.of(
            "java.lang.CharSequence", "java.lang.Boolean", "java.lang.Character", "java.lang.Number", "java.lang.Void",
            "java.lang.Enum", "java.lang.Record", "java.util.Map", "java.util.Collection", "java.util.Optional",
            "java.time.LocalDate", "java.time.LocalTime", "java.time.LocalDateTime", "java.time.Instant",
            "java.time.OffsetDateTime", "java.time.ZonedDateTime", "java.time.Duration", "java.nio.file.Path",
            "java.io.File", "polyrun.Array", "polyrun.Table");

    private final Trees trees;
    private final Elements elements;
    private final Types types;
    private final Set<String> exports;
    private final Set<Element> told = new HashSet<>();
    private List<TypeMirror> readable;

    Exportable(Trees trees, Elements elements, Types types, Set<String> exports) {
        this.trees = trees;
        this.elements = elements;
        this.types = types;
        this.exports = exports;
    }

    @Override
    public void finished(TaskEvent event) {
        TypeElement type = event.getTypeElement();
        if (event.getKind() != TaskEvent.Kind.ANALYZE || type == null) {
            return;
        }
        TreePath path = trees.getPath(type);
        if (path != null) {
            new Puts(event.getCompilationUnit()).scan(path, null);
        }
    }

    /** Looks at every `polyrun.Values.put(name, value)`. */
    private final class Puts extends TreePathScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final Map<Element, Tree> variables = new HashMap<>();

        Puts(CompilationUnitTree unit) {
            this.unit = unit;
        }

        @Override
        public Void visitVariable(VariableTree tree, Void nothing) {
            variables.put(trees.getElement(getCurrentPath()), tree);
            return super.visitVariable(tree, nothing);
        }

        @Override
        public Void visitMethodInvocation(MethodInvocationTree tree, Void nothing) {
            Element method = trees.getElement(getCurrentPath());
            boolean isPut = method != null
                    && method.getSimpleName().contentEquals("put")
                    && method.getEnclosingElement().toString().equals("polyrun.Values");
            if (isPut && tree.getArguments().size() == 2) {
                check(tree.getArguments().get(0), tree.getArguments().get(1));
            }
            return super.visitMethodInvocation(tree, nothing);
        }

        private void check(ExpressionTree name, ExpressionTree value) {
            String text = name instanceof LiteralTree ? String.valueOf(((LiteralTree) name).getValue()) : null;
            if (text != null && !exports.contains(text)) {
                String hint = "add `#export: " + text + "` to the block";
                trees.printMessage(Diagnostic.Kind.ERROR, "`" + text + "` is not exported: " + hint, name, unit);
                return;
            }
            TreePath path = new TreePath(getCurrentPath(), value);
            String wrong = wrong(trees.getTypeMirror(path), new HashSet<>());
            if (wrong == null) {
                return;
            }
            Element variable = value instanceof IdentifierTree ? trees.getElement(path) : null;
            if (variable == null || told.add(variable)) {
                String whose = text == null ? "this" : "`" + text + "`";
                Tree place = variables.getOrDefault(variable, value);
                trees.printMessage(Diagnostic.Kind.ERROR, whose + " cannot be exported: " + wrong, place, unit);
            }
        }
    }

    /** Why no object of `type` can be handed over; null if some can. */
    private String wrong(TypeMirror type, Set<String> seen) {
        if (type == null || !seen.add(type.toString())) {
            return null;
        }
        if (type.getKind() == TypeKind.ARRAY) {
            TypeMirror item = ((ArrayType) type).getComponentType();
            if (item.getKind() == TypeKind.CHAR) {
                return "`char[]` has no form that other languages could read; export a `String`";
            }
            return wrong(item, seen);
        }
        if (type.getKind() != TypeKind.DECLARED) {
            return null;
        }
        TypeMirror plain = types.erasure(type);
        for (TypeMirror known : readable()) {
            if (types.isAssignable(plain, known)) {
                return inside((DeclaredType) type, known.toString(), seen);
            }
        }
        for (TypeMirror known : readable()) {
            if (types.isAssignable(known, plain)) {
                return null; // such as Object: what it is will show when it is handed over
            }
        }
        String name = ((DeclaredType) type).asElement().getSimpleName().toString();
        String hint = ((DeclaredType) type).asElement().getKind() == ElementKind.CLASS && isOwn(type)
                ? "; make it a record"
                : name.endsWith("Stream") || name.equals("Iterator") ? "; make it a list" : "";
        return "`" + (name.isEmpty() ? type : name) + "` has no form that other languages could read" + hint;
    }

    private boolean isOwn(TypeMirror type) {
        return !type.toString().startsWith("java");
    }

    private String inside(DeclaredType type, String known, Set<String> seen) {
        List<? extends TypeMirror> items = type.getTypeArguments();
        if (known.equals("java.util.Map") && items.size() == 2) {
            TypeMirror text = elements.getTypeElement("java.lang.CharSequence").asType();
            TypeMirror key = types.erasure(items.get(0));
            boolean isText = types.isAssignable(key, text) || types.isAssignable(text, key);
            boolean isKnown = items.get(0).getKind() == TypeKind.DECLARED;
            return isKnown && !isText ? "the keys of a map must be texts" : wrong(items.get(1), seen);
        }
        if ((known.equals("java.util.Collection") || known.equals("java.util.Optional")) && items.size() == 1) {
            return wrong(items.get(0), seen);
        }
        if (known.equals("java.lang.Record")) {
            for (RecordComponentElement one : ((TypeElement) type.asElement()).getRecordComponents()) {
                String wrong = wrong(one.asType(), seen);
                if (wrong != null) {
                    return "its component `" + one.getSimpleName() + "`: " + wrong;
                }
            }
        }
        return null;
    }

    private List<TypeMirror> readable() {
        if (readable == null) {
            readable = new ArrayList<>();
            for (String name : READABLE) {
                TypeElement type = elements.getTypeElement(name);
                if (type != null) {
                    readable.add(types.erasure(type.asType()));
                }
            }
        }
        return readable;
    }
}
