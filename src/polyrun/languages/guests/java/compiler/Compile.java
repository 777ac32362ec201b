import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.NestingKind;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Compiles a block: {@code Compile SOURCE_FOLDER BUILD_FOLDER DOCUMENT}.
 *
 * <p>Every file of the source folder is a compilation unit that goes by the document's name, in messages and in
 * stack traces. The argument file {@code launch} in the build folder then names the class to start.
 */
final class Compile {
    private Compile() {}

    /** A source file that calls itself by the document's name, whatever public class it holds. */
    private static final class Unit extends SimpleJavaFileObject {
        private final String document;
        private final String code;

        Unit(String document, String code) throws URISyntaxException {
            super(new URI("block", null, "/" + document, null), Kind.SOURCE);
            this.document = document;
            this.code = code;
        }

        @Override
        public String getName() {
            return document;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return kind == Kind.SOURCE && !simpleName.endsWith("-info"); // this is no package-info.java
        }
    }

    /** Notes the classes that can be started, in the order they stand in the source. */
    private static final class Mains implements TaskListener {
        private final List<String> found = new ArrayList<>();

        @Override
        public void finished(TaskEvent event) {
            TypeElement type = event.getTypeElement();
            if (event.getKind() != TaskEvent.Kind.ANALYZE || type == null) {
                return;
            }
            for (ExecutableElement method : ElementFilter.methodsIn(type.getEnclosedElements())) {
                if (starts(method) && !found.contains(type.getQualifiedName().toString())) {
                    found.add(type.getQualifiedName().toString());
                }
            }
        }

        private static boolean starts(Element method) {
            return method.getSimpleName().contentEquals("main")
                    && ((ExecutableElement) method).getParameters().size() <= 1
                    && ((TypeElement) method.getEnclosingElement()).getNestingKind() == NestingKind.TOP_LEVEL
                    && !method.getModifiers().containsAll(Set.of(Modifier.PRIVATE));
        }
    }

    /** Exit status 1 when the block does not compile. */
    public static void main(String[] args) throws IOException, URISyntaxException {
        Path build = Path.of(args[1]);
        List<Unit> units = new ArrayList<>();
        try (var files = Files.newDirectoryStream(Path.of(args[0]))) {
            for (Path file : files) {
                units.add(new Unit(args[2], new String(Files.readAllBytes(file), StandardCharsets.UTF_8)));
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> options = List.of("-d", build.toString(), "-cp", build.toString(), "-g", "-proc:none");
        JavacTask task = (JavacTask) compiler.getTask(null, null, null, options, null, units);
        Mains mains = new Mains();
        task.addTaskListener(mains);
        if (!task.call()) {
            System.exit(1);
        }
        if (mains.found.isEmpty()) {
            System.err.println(args[2] + ": error: no class has a `main` method");
            System.exit(1);
        }
        Files.writeString(build.resolve("launch"), mains.found.get(0) + "\n");
    }
}
